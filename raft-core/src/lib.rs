//! Raft as a pure state machine: no runtime, no clock, no socket, no file
