//! A segmented write-ahead log with group commit, its in-memory twin and its fault-injecting twin
