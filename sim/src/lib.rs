//! A deterministic simulator for Quorate's cores
