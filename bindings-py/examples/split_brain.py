# %% [markdown]
# # A split brain, avoided
#
# Five nodes agree on a log. We cut the network so that the leader is on the smaller side, and watch what each side can do.
# Run it as a program, `python split_brain.py [picture.svg]`, or cell by cell in an editor that knows `# %%`.

# %%
import sys
from pathlib import Path

import quorate
from quorate.simulation import LogPos, Role

sim = quorate.Simulation(seed=10, nodes=5)

# %% [markdown]
# Somebody is elected, and an entry is written. A client that was told so may count on it for ever.

# %%
sim.run_until(lambda sim: sim.leader is not None)
old = sim.leader
assert old is not None
first = sim.propose(old, b"paid: 100")
sim.run_until(lambda sim: sim.acknowledged(first))
print(f"{sim.now:.3f} s: node {old} leads term {first.term}, and {first} is acknowledged")

# %% [markdown]
# The cut: the leader and one more node here, three there. The leader does not know yet, and takes one more entry. It stays
# undecided, since a majority must have it on disk.

# %%
sim.run(seconds=0.1)
few = {old, old % 5 + 1}
many = set(sim.nodes) - few
sim.partition(few, many)
doomed = sim.propose(old, b"paid: 666")
print(f"{sim.now:.3f} s: cut {sorted(few)} | {sorted(many)}; node {old} takes {doomed}")

# %% [markdown]
# Within an election timeout the old leader notices that no majority answers it, and gives up its office by itself, before the
# other side elects a leader of its own. From then on it refuses.


# %%
def refuses(node: int) -> str | None:
    """Why the node takes nothing; `None` when it does."""
    try:
        sim.propose(node, b"paid: 667")
    except (quorate.NoQuorumError, quorate.NotLeaderError) as refused:
        return f"{type(refused).__name__}: {refused}"
    return None


deposed = sim.nodes[old]
sim.run_until(lambda sim: deposed.role is not Role.LEADER)
assert sim.leader is None, "nobody leads"
why = refuses(old)
assert why is not None
print(f"{sim.now:.3f} s: node {old} has stepped down, and refuses ({why})")

# %%
sim.run_until(lambda sim: sim.leader in many)
new = sim.leader
assert new is not None
print(f"{sim.now:.3f} s: node {new} leads term {sim.nodes[new].term}")

# %%
second = sim.propose(new, b"paid: 50")
sim.run_until(lambda sim: sim.acknowledged(second))
print(f"{sim.now:.3f} s: {second} is acknowledged on the larger side")


# %% [markdown]
# Both logs have an entry at the same index, of different terms. Only one of them was ever acknowledged.


# %%
def at(node: int, place: LogPos) -> bytes | None:
    """What a node has written at this index."""
    return next((entry.payload for entry in sim.nodes[node].log if entry.index == place.index), None)


assert at(old, doomed) == b"paid: 666" and not sim.acknowledged(doomed)
print("before: ", *([entry.payload for entry in node.log] for node in (deposed, sim.nodes[new])))

# %% [markdown]
# The network heals. The old leader follows the new one, and its undecided entry is replaced.

# %%
sim.heal()
sim.run_until(lambda sim: deposed.applied >= second.index)
sim.run(seconds=0.1)
picture = sim.svg()
print("after:  ", [entry.payload for entry in deposed.log])
assert [entry.payload for entry in deposed.log if entry.payload] == [b"paid: 100", b"paid: 50"]

# %% [markdown]
# All along judges looked at every step from outside. Now they judge the end: faults are over, the group must become one again,
# and whatever was acknowledged must be there, on every node.

# %%
sim.converge()
assert all(b"paid: 666" not in [entry.payload for entry in node.log] for node in sim.nodes.values())
assert all(at(node, place) == paid for node in sim.nodes for place, paid in ((first, b"paid: 100"), (second, b"paid: 50")))
print(f"{sim.now:.3f} s: all nodes agree; digest {sim.digest}")

# %% [markdown]
# The picture: `sim.plot()` draws it with matplotlib; in a notebook, `sim` as the last line of a cell shows it without.

# %%
if __name__ == "__main__" and len(sys.argv) > 1:
    Path(sys.argv[1]).write_text(picture + "\n", encoding="utf-8")
