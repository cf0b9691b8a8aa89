from __future__ import annotations

from gridrunner.grid.drivers.aws.groups import GroupInstance, NodeGroup
from gridrunner.grid.drivers.aws.sizing import weigh_nodes
from gridrunner.grid.status import HubStatus, NodeState, NodeStatus, SessionStatus, SlotStatus

ADDRESSES = {"10.0.0.1": "i-busy", "10.0.0.2": "i-idle"}


def group(*ids: str, leaving: tuple[str, ...] = ()) -> NodeGroup:
    instances = tuple(GroupInstance(id=name, kind="c6i.large", is_leaving=name in leaving) for name in (*ids, *leaving))
    return NodeGroup(name="g1", least=0, most=10, desired=len(ids), instances=instances)


def node(address: str, *, run: str | None = None) -> NodeStatus:
    session = SessionStatus(id="s", run=run) if run is not None else None
    return NodeStatus(
        name=address,
        id=address,
        state=NodeState.UP,
        url=f"http://{address}:5555",
        slots=(SlotStatus(session=session),),
    )


def hub(*nodes: NodeStatus, is_up: bool = True) -> HubStatus:
    return HubStatus(name="hub", url="http://hub", is_up=is_up, nodes=nodes)


NODES = (node("10.0.0.1", run="other"), node("10.0.0.2"))


def test_instances_without_sessions_may_go_and_those_that_are_no_nodes_yet_first() -> None:
    looked = weigh_nodes(
        group("i-busy", "i-idle", "i-starting", leaving=("i-old",)), hub(*NODES), ADDRESSES, "mine", has_leases=True
    )
    assert (looked.idle, looked.spare, looked.instances) == (("i-starting", "i-idle"), 2, 3)


def test_sessions_of_the_run_that_is_over_keep_no_node() -> None:
    looked = weigh_nodes(group("i-busy", "i-idle"), hub(*NODES), ADDRESSES, "other", has_leases=True)
    assert looked.spare == 2


def test_where_ec2_names_no_addresses_as_many_are_spared_as_have_sessions() -> None:
    looked = weigh_nodes(group("i-busy", "i-idle"), hub(*NODES), {}, "mine", has_leases=True)
    assert (len(looked.idle), looked.spare) == (2, 1)


def test_of_a_hub_that_says_nothing_nobody_goes_while_others_have_leases() -> None:
    silent = hub(is_up=False)
    assert weigh_nodes(group("i-busy", "i-idle"), silent, ADDRESSES, "mine", has_leases=True).spare == 0
    assert weigh_nodes(group("i-busy", "i-idle"), silent, ADDRESSES, "mine", has_leases=False).spare == 2
