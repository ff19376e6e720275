//! The laws of the clocks, each against the most naive model that there is: sets of dots, graphs of histories, sets of
//! events. A failure prints the smallest case and its seed.

mod causal;
mod codec;
mod context;
mod dvv;
mod hlc;
mod interval;
mod scalar;
mod stability;
mod strategies;
mod vectors;
