/// What happened, in plain numbers since the start of the driver. Nothing is dropped, refused or retried without
/// being counted here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Counters {
    /// Frames that were handed to the kernel whole.
    pub frames_sent: u64,
    /// Bytes handed to the kernel, headers included, handshakes excluded.
    pub bytes_sent: u64,
    /// Frames received from peers, handshakes excluded.
    pub frames_received: u64,
    /// Bytes received from peers and from strangers.
    pub bytes_received: u64,
    /// Writes to a socket (system calls): below `frames_sent` where frames shared one.
    pub socket_writes: u64,

    /// Messages dropped because the peer's queue was full: it reads more slowly than we write.
    pub dropped_full: u64,
    /// Messages dropped because there was no connection to the peer, nor one under way.
    pub dropped_unconnected: u64,
    /// Messages dropped because they are longer than `frame_bytes_max`: a bound of the machine above ours.
    pub dropped_too_long: u64,
    /// Messages dropped because the peer is not in the table.
    pub dropped_unknown: u64,
    /// Messages that waited for a connection that was then lost.
    pub dropped_disconnected: u64,

    /// Frames whose checksum was wrong.
    pub checksum_failures: u64,
    /// Other breaches of the frame layout after the handshake.
    pub frame_errors: u64,
    /// Frames whose content the host could not decode.
    pub decode_errors: u64,
    /// Messages that the machine refused as no honest peer's.
    pub peer_errors: u64,

    /// Attempts to connect.
    pub dials: u64,
    /// Attempts that did not become a connection, refusals included.
    pub dial_failures: u64,
    /// Outgoing connections that became usable.
    pub connected: u64,
    /// Of these, those that were not the first to their peer.
    pub reconnected: u64,
    /// Connections accepted, from whomever.
    pub accepted: u64,
    /// Incoming connections that a newer one from the same peer replaced. A number that keeps rising says that two
    /// programs run under one node id.
    pub replaced: u64,
    /// Failures to accept, such as too many open files.
    pub accept_errors: u64,

    /// Refused at the listener: not our protocol.
    pub refused_stranger: u64,
    /// Refused at the listener: another version of the frame layout.
    pub refused_version: u64,
    /// Refused at the listener: another cluster.
    pub refused_cluster: u64,
    /// Refused at the listener: the dialler wanted another node.
    pub refused_wrong_node: u64,
    /// Refused at the listener: the dialler has our own id.
    pub refused_same_node: u64,
    /// Refused at the listener: a node that is not in the table.
    pub refused_unknown_node: u64,
    /// Closed at the listener: right frame, wrong content, or an end in the middle.
    pub refused_malformed: u64,
    /// Closed at the listener: no handshake in time.
    pub refused_timeout: u64,
    /// Closed at the listener: too many unfinished handshakes, this was the oldest.
    pub refused_crowded: u64,

    /// Rounds of the loop.
    pub turns: u64,
    /// Client commands handed to the host.
    pub commands: u64,
    /// Batches they came in.
    pub command_batches: u64,
    /// Writes handed to the disk thread.
    pub disk_writes: u64,
    /// Syncs that made them durable.
    pub disk_syncs: u64,
    /// Rounds in which a full disk queue held everything else back.
    pub disk_full_turns: u64,
}
