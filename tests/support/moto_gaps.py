"""What moto 5.2 lacks of EC2 Auto Scaling and EC2, for as much as the fleet needs, and nothing more.

moto is a stand-in for AWS; these functions make it one for a fleet with drain hooks. What they add or mend:

- an `EC2_INSTANCE_TERMINATING` hook has its effect: an instance that leaves a group waits in `Terminating:Wait` until
  its action is completed, its heartbeat runs out or its hook is deleted (moto terminates at once);
- `CompleteLifecycleAction`, `RecordLifecycleActionHeartbeat` (answered 500 NotImplemented by moto);
- `StartInstanceRefresh`, `DescribeInstanceRefreshes`, `CancelInstanceRefresh` (the same): every instance is replaced at
  once, through its hook, without the batches and health checks of the real one;
- `DescribeScalingActivities` tells of launches (always empty in moto), and a group can be short of capacity: its tag
  `CAPACITY_LIMIT_TAG` is the number of instances to be had, and what is missing is a failed activity, as on AWS;
- `SetDesiredCapacity` outside the group's limits is refused, and policies are held to them (moto takes any number);
- what the provider read back differently from what it wrote: targets of hooks that were made up, `Enabled` missing in
  policies, a mixed instances policy lost in an update, tags of a launch template counted as tags of its instances,
  descriptions of security group rules between groups, network interfaces made for an instance or a NAT gateway
  that outlive it, and others that stay attached to it;
- a bucket's policy that refuses plain http refuses nothing: moto speaks nothing else, and would deny every call.

Launch hooks (`Pending:Wait`), health checks and alarms still have no effect: a test that needs an alarm to act calls
`ExecutePolicy` itself and says so.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.autoscaling import models as scaling
from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.types import Base64EncodedString
from moto.ec2.models.instances import Instance
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.utils import parse_user_data
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

CAPACITY_LIMIT_TAG = "test:capacity-limit"
ACTIVITIES_KEPT = 100
# PutLifecycleHook: at most 48 hours, or 100 times the heartbeat timeout where that is less
GLOBAL_TIMEOUT_S = 172_800

Group = scaling.FakeAutoScalingGroup
State = scaling.InstanceState


@dataclass(kw_only=True)
class Wait:
    """An instance that waits to be terminated, until `deadline_s` (of time.monotonic) unless it is kept alive."""

    hook: str
    heartbeat_s: float
    deadline_s: float
    latest_s: float
    token: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(kw_only=True)
class Refresh:
    """One instance refresh: over when none of `old` is in the group."""

    refresh_id: str
    started: datetime
    old: set[str]
    preferences: dict[str, Any]
    is_cancelled: bool = False


def apply() -> None:
    """Mend moto in this process. Only the process of `moto_server` calls it."""
    _mend_groups()
    _mend_backend()
    _add_actions()
    _mend_what_is_read_back()
    _take_http_for_https()


def _replace(owner: type, **replacements: Any) -> None:
    """The members of `owner` by these names are ours from now on."""
    for name, replacement in replacements.items():
        setattr(owner, name, replacement)


# ------------------------------------------------------------------------------------------------------------- groups


def _extras(group: Group) -> dict[str, Any]:
    """What we remember of a group that moto does not: waits by instance id, activities, refreshes."""
    nothing: dict[str, Any] = {"waits": {}, "activities": deque(maxlen=ACTIVITIES_KEPT), "refreshes": []}
    extras: dict[str, Any] = vars(group).setdefault("gaps", nothing)
    return extras


def _terminating_hooks(group: Group) -> list[scaling.LifecycleHook]:
    hooks = group.autoscaling_backend.describe_lifecycle_hooks(group.name)
    return [hook for hook in hooks if hook.lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING"]


def _finish(group: Group, instance_id: str) -> None:
    """The instance is gone."""
    _extras(group)["waits"].pop(instance_id, None)
    group.instance_states = [state for state in group.instance_states if state.instance.id != instance_id]
    group.ec2_backend.terminate_instances([instance_id])


def _begin_termination(group: Group, state: State) -> None:
    """The instance is told to go: at once, or once its hook lets it."""
    hooks = _terminating_hooks(group)
    if not hooks:
        _finish(group, state.instance.id)
        return
    now_s, heartbeat_s = time.monotonic(), float(hooks[0].heartbeat_timeout)
    state.lifecycle_state = "Terminating:Wait"
    _extras(group)["waits"][state.instance.id] = Wait(
        hook=hooks[0].name,
        heartbeat_s=heartbeat_s,
        deadline_s=now_s + heartbeat_s,
        latest_s=now_s + min(GLOBAL_TIMEOUT_S, 100 * heartbeat_s),
    )


def _note_activity(group: Group, description: str, status: str, message: str | None = None) -> None:
    activity: Any = scaling.Activity(description, "a change of the desired capacity", group, status_code=status)
    activity.progress = 100
    activity.status_message = message
    _extras(group)["activities"].appendleft(activity)


def _launch(group: Group, count: int) -> None:
    """Launch `count` instances, or as many as are to be had."""
    limits = [int(tag["Value"]) for tag in group.tags if tag["Key"] == CAPACITY_LIMIT_TAG]
    to_be_had = count if not limits else max(0, min(count, limits[0] - len(group.instance_states)))
    known = {state.instance.id for state in group.instance_states}
    if to_be_had:
        group.replace_autoscaling_group_instances(to_be_had, group.get_propagated_tags())
    for state in group.instance_states:
        if state.instance.id not in known:
            _note_activity(group, f"Launching a new EC2 instance: {state.instance.id}", "Successful")
    if to_be_had < count:
        message = (
            "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due to your request "
            "configuration. Please adjust your request and try again. Launching EC2 instance failed."
        )
        _note_activity(group, "Launching a new EC2 instance.  Status Reason: " + message, "Failed", message)


def _settle(group: Group) -> None:
    """What AWS does by itself with time: ends waits that ran out, and tries again to launch what is missing."""
    now_s = time.monotonic()
    for instance_id, wait in list(_extras(group)["waits"].items()):
        if now_s >= min(wait.deadline_s, wait.latest_s):
            _finish(group, instance_id)
    missing = (group.desired_capacity or 0) - len(group.active_instances())
    if missing > 0:
        _launch(group, missing)


def _mend_groups() -> None:
    update = Group.update

    def set_desired_capacity(group: Group, new_capacity: int | None) -> None:
        group.desired_capacity = group.min_size if new_capacity is None else new_capacity
        surplus = len(group.active_instances()) - (group.desired_capacity or 0)
        unprotected = [state for state in group.active_instances() if not state.protected_from_scale_in]
        for state in unprotected[: max(0, surplus)]:
            _begin_termination(group, state)
        if surplus < 0:
            _launch(group, -surplus)

    def update_keeping_policy(group: Group, **changes: Any) -> None:
        before, policy = group.desired_capacity or 0, group.mixed_instances_policy
        update(group, **changes)
        if not changes["mixed_instances_policy"] and not changes["launch_template"]:
            group.mixed_instances_policy = policy
        # "If a new value for MinSize is specified without setting a value for DesiredCapacity, and the new MinSize is
        # larger than the current size of the group, this sets the group's DesiredCapacity to the new MinSize" (and the
        # same for MaxSize; UpdateAutoScalingGroup). moto compares with the instances, of which some may be leaving.
        if changes["desired_capacity"] is None:
            group.set_desired_capacity(min(max(before, group.min_size or 0), group.max_size or 0))

    _replace(Group, set_desired_capacity=set_desired_capacity, update=update_keeping_policy)


# ------------------------------------------------------------------------------------------------------------ backend


def _mend_backend() -> None:
    backend_class = scaling.AutoScalingBackend
    describe_groups, describe_instances = (
        backend_class.describe_auto_scaling_groups,
        backend_class.describe_auto_scaling_instances,
    )
    set_capacity, delete_hook = backend_class.set_desired_capacity, backend_class.delete_lifecycle_hook
    delete_group = backend_class.delete_auto_scaling_group

    def describe_settled_groups(backend: Any, *arguments: Any, **named: Any) -> Any:
        for group in list(backend.autoscaling_groups.values()):
            _settle(group)
        return describe_groups(backend, *arguments, **named)

    def describe_settled_instances(backend: Any, instance_ids: list[str]) -> Any:
        for group in list(backend.autoscaling_groups.values()):
            _settle(group)
        return describe_instances(backend, instance_ids)

    def set_clamped_capacity(backend: Any, group_name: str, desired_capacity: int | None) -> None:
        group = backend.autoscaling_groups[group_name]
        wanted = group.min_size if desired_capacity is None else desired_capacity
        set_capacity(backend, group_name, min(max(wanted, group.min_size), group.max_size))

    def terminate_instance(backend: Any, instance_id: str, should_decrement: bool) -> Any:
        group, state = _find(backend, instance_id)
        before = group.desired_capacity or 0
        if should_decrement and before <= (group.min_size or 0):
            raise ValidationError(
                f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without replacement "
                "will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to "
                "false or lower group's min size."
            )
        _begin_termination(group, state)
        group.set_desired_capacity(before - should_decrement)
        return scaling.TerminateInstanceActivity(state.instance, before)

    def delete_lifecycle_hook(backend: Any, as_name: str, name: str) -> None:
        delete_hook(backend, as_name, name)
        group = backend.autoscaling_groups.get(as_name)
        for instance_id in [] if group is None or _terminating_hooks(group) else list(_extras(group)["waits"]):
            _finish(group, instance_id)

    def delete_auto_scaling_group(backend: Any, group_name: str) -> None:
        for hook in backend.describe_lifecycle_hooks(group_name):
            backend.delete_lifecycle_hook(group_name, hook.name)
        if group_name in backend.autoscaling_groups:
            backend.autoscaling_groups[group_name].min_size = 0
        delete_group(backend, group_name)

    _replace(
        backend_class,
        describe_auto_scaling_groups=describe_settled_groups,
        describe_auto_scaling_instances=describe_settled_instances,
        set_desired_capacity=set_clamped_capacity,
        terminate_instance=terminate_instance,
        delete_lifecycle_hook=delete_lifecycle_hook,
        delete_auto_scaling_group=delete_auto_scaling_group,
    )


def _find(backend: Any, instance_id: str) -> tuple[Group, State]:
    for group in backend.autoscaling_groups.values():
        for state in group.instance_states:
            if state.instance.id == instance_id:
                return group, state
    raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")


# ------------------------------------------------------------------------------------------------------------ actions


def _find_group(response: Any) -> Group:
    name = response._get_param("AutoScalingGroupName")
    group: Group | None = response.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    _settle(group)
    return group


def _find_wait(response: Any) -> tuple[Group, str, Wait]:
    group = _find_group(response)
    hook = response._get_param("LifecycleHookName")
    wanted_id, token = response._get_param("InstanceId"), response._get_param("LifecycleActionToken")
    for instance_id, wait in _extras(group)["waits"].items():
        if wait.hook == hook and (instance_id == wanted_id or (token and wait.token == token)):
            return group, instance_id, wait
    raise ValidationError(f"No active Lifecycle Action found with instance ID {wanted_id}")


def _add_actions() -> None:
    set_capacity = AutoScalingResponse.set_desired_capacity

    def set_desired_capacity(response: Any) -> ActionResult:
        group, wanted = _find_group(response), response._get_int_param("DesiredCapacity")
        if wanted > group.max_size:
            raise ValidationError(
                f"New SetDesiredCapacity value {wanted} is above max value {group.max_size} for the AutoScalingGroup."
            )
        if wanted < group.min_size:
            raise ValidationError(
                f"New SetDesiredCapacity value {wanted} is below min value {group.min_size} for the AutoScalingGroup."
            )
        return set_capacity(response)

    def complete_lifecycle_action(response: Any) -> ActionResult:
        group, instance_id, _ = _find_wait(response)
        _finish(group, instance_id)
        return EmptyResult()

    def record_lifecycle_action_heartbeat(response: Any) -> ActionResult:
        _, _, wait = _find_wait(response)
        wait.deadline_s = time.monotonic() + wait.heartbeat_s
        return EmptyResult()

    def describe_scaling_activities(response: Any) -> ActionResult:
        return ActionResult({"Activities": list(_extras(_find_group(response))["activities"])})

    def start_instance_refresh(response: Any) -> ActionResult:
        group = _find_group(response)
        active = group.active_instances()
        refresh = Refresh(
            refresh_id=str(uuid.uuid4()),
            started=datetime.now(UTC),
            old={state.instance.id for state in active},
            preferences=response._get_param("Preferences", {}),
        )
        _extras(group)["refreshes"].insert(0, refresh)
        for state in active:
            _begin_termination(group, state)
        group.set_desired_capacity(group.desired_capacity)
        return ActionResult({"InstanceRefreshId": refresh.refresh_id})

    def cancel_instance_refresh(response: Any) -> ActionResult:
        group = _find_group(response)
        for refresh in _extras(group)["refreshes"]:
            if _refresh_status(group, refresh) == "InProgress":
                refresh.is_cancelled = True
                return ActionResult({"InstanceRefreshId": refresh.refresh_id})
        raise ValidationError(f"No in progress or pending Instance Refresh found for Auto Scaling group {group.name}")

    def describe_instance_refreshes(response: Any) -> ActionResult:
        group = _find_group(response)
        found = [
            {
                "InstanceRefreshId": refresh.refresh_id,
                "AutoScalingGroupName": group.name,
                "Status": _refresh_status(group, refresh),
                "StartTime": refresh.started,
                "Preferences": refresh.preferences,
            }
            for refresh in _extras(group)["refreshes"]
        ]
        return ActionResult({"InstanceRefreshes": found})

    for action in (
        set_desired_capacity,
        complete_lifecycle_action,
        record_lifecycle_action_heartbeat,
        describe_scaling_activities,
        start_instance_refresh,
        cancel_instance_refresh,
        describe_instance_refreshes,
    ):
        setattr(AutoScalingResponse, action.__name__, action)


def _refresh_status(group: Group, refresh: Refresh) -> str:
    if refresh.is_cancelled:
        return "Cancelled"
    is_over = refresh.old.isdisjoint(state.instance.id for state in group.instance_states)
    return "Successful" if is_over else "InProgress"


# ------------------------------------------------------------------------------------------------ what is read back


def _take_http_for_https() -> None:
    judge = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(statement: Any, *arguments: Any, **named: Any) -> PermissionResult:
        condition = statement._statement.get("Condition", {})
        if statement._statement["Effect"] == "Deny" and "aws:SecureTransport" in condition.get("Bool", {}):
            return PermissionResult.NEUTRAL
        return judge(statement, *arguments, **named)

    _replace(IAMPolicyStatement, is_action_permitted=is_action_permitted)


def _mend_what_is_read_back() -> None:
    make_hook, make_policy = scaling.LifecycleHook.__init__, scaling.FakeScalingPolicy.__init__
    make_version = LaunchTemplate.create_version

    def make_hook_without_target(hook: Any, *arguments: Any, **named: Any) -> None:
        make_hook(hook, *arguments, **named)
        hook.role_arn = hook.notification_target_arn = None

    def make_enabled_policy(policy: Any, *arguments: Any, **named: Any) -> None:
        make_policy(policy, *arguments, **named)
        policy.enabled = True
        policy.predictive_scaling_configuration = policy.predictive_scaling_configuration or None

    def make_version_as_given(template: Any, data: dict[str, Any], description: str) -> Any:
        # tags of the template itself are none of its instances; and later versions have user data too
        own = [spec for spec in data.get("TagSpecifications", []) if spec.get("ResourceType") != "launch-template"]
        data = {key: value for key, value in data.items() if key != "TagSpecifications"}
        if own:
            data["TagSpecifications"] = own
        if not isinstance(data.get("UserData"), Base64EncodedString):
            data["UserData"] = parse_user_data(data.get("UserData"))
        return make_version(template, data, description)

    _replace(scaling.LifecycleHook, __init__=make_hook_without_target)
    _replace(scaling.FakeScalingPolicy, __init__=make_enabled_policy)
    _replace(LaunchTemplate, create_version=make_version_as_given)
    terminate, prepare_interfaces = Instance.terminate, Instance.prep_nics

    def prepare_interfaces_noting_given_ones(instance: Any, nic_spec: list[dict[str, Any]], **named: Any) -> None:
        instance.given_interfaces = {one["NetworkInterfaceId"] for one in nic_spec if one.get("NetworkInterfaceId")}
        prepare_interfaces(instance, nic_spec, **named)

    def terminate_with_interfaces(instance: Any) -> Any:
        # one that was made at launch goes with its instance, one that was there before stays, free
        for interface in instance.nics.values():
            interface.delete_on_termination = interface.id not in instance.given_interfaces
        previous = terminate(instance)
        for interface in instance.nics.values():
            interface.attachment_id = interface.instance = interface.device_index = None
        return previous

    delete_nat_gateway = NatGatewayBackend.delete_nat_gateway

    def delete_nat_gateway_with_interface(backend: Any, nat_gateway_id: str) -> Any:
        gateway = delete_nat_gateway(backend, nat_gateway_id)
        backend.enis.pop(gateway._eni.id, None)
        return gateway

    _replace(NatGatewayBackend, delete_nat_gateway=delete_nat_gateway_with_interface)
    _replace(Instance, prep_nics=prepare_interfaces_noting_given_ones, terminate=terminate_with_interfaces)
    description = property(lambda rule: rule.ip_range.get("Description") or rule.source_group.get("Description"))
    _replace(SecurityGroupRule, description=description)
