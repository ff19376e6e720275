//! Frames, TCP, the one event loop and the client mailbox; generic over the machine it drives
