//! The program quorate: a durable replicated log in three processes
