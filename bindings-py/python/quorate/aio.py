"""Running nodes for asyncio: Raft over TCP, with a durable log.

    async with Node("n1", peers={"n1": "10.0.0.1:7001", "n2": "10.0.0.2:7001", "n3": "10.0.0.3:7001"}, dir="data") as node:
        await node.append(b"hello")

All of it runs in your event loop, and nothing of it beside: no thread, no process, no runtime. Appends of one turn of the loop, and all
that come while the disk syncs, share the next sync.

Who waits for the disk? Where syncs take less than a millisecond, as on most SSDs, the loop does: to hand one to a thread, and to hear back
from it, costs the loop more. Where they take longer, `loop.run_in_executor` does, in the loop's own executor. Nobody knows beforehand that a disk
will stall, so the first slow sync holds the loop up, once; it is paid for with one sync in the thread for each 0.25 ms that it took, so that
all stalls together cost the loop less than 0.25 ms a sync. Whoever cannot have even that brings an executor (`Node(..., executor=...)`): then
the loop never waits for the disk.

The bytes on the wire and on the disk are those of the node `quorate` in Rust: nodes of both kinds may form one group. There is no
encryption and no authentication: keep the ports to yourself.
"""

from quorate._cluster import Cluster
from quorate._names import Address, NodeId
from quorate._node import Node
from quorate._streams import Entries, LeaderChange, LeaderChanges

__all__ = ["Address", "Cluster", "Entries", "LeaderChange", "LeaderChanges", "Node", "NodeId"]
