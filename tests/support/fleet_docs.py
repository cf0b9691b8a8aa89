"""The tables of docs/aws.md that are made from what terraform applies: open ports by source, IAM actions by role."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.support.moto_server import REGION, MotoServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "aws.md"


def read_table(name: str) -> list[str]:
    """Rows of the table between `<!-- NAME -->` and `<!-- /NAME -->`, without its head."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, f"docs/aws.md has no table {name}"
    return [line for line in found.group(1).splitlines() if line.startswith("|")][2:]


def list_ports(aws: MotoServer, name: str) -> list[str]:
    """Rows `| from | to | port | rule |` of every rule of the fleet's security groups."""
    ec2 = aws.client("ec2")
    filters = [{"Name": "tag:gridrunner:cluster", "Values": [name]}]
    groups = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    roles = {
        group["GroupId"]: re.sub(rf"^{re.escape(name)}-(hub|nodes)-\d+$", r"\1", group["GroupName"]) for group in groups
    }
    ends: dict[tuple[str, str, str], set[str]] = {}
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    for rule in (one for one in rules if one["GroupId"] in roles):  # moto filters by no group
        own, other = roles[rule["GroupId"]], _other_side(rule, roles)
        sender, receiver = (own, other) if rule["IsEgress"] else (other, own)
        assert rule["FromPort"] == rule["ToPort"]
        port = f"{rule['IpProtocol']} {rule['FromPort']}"
        ends.setdefault((sender, receiver, port), set()).add("out" if rule["IsEgress"] else "in")
    return sorted(
        f"| {sender} | {receiver} | {port} | {' and '.join(sorted(sides))} |"
        for (sender, receiver, port), sides in ends.items()
    )


def _other_side(rule: dict[str, Any], roles: dict[str, str]) -> str:
    if "ReferencedGroupInfo" in rule:
        return roles.get(rule["ReferencedGroupInfo"]["GroupId"], "CI")  # client_security_group_ids
    return "anywhere" if rule["CidrIpv4"] == "0.0.0.0/0" else "CI"


def list_actions(aws: MotoServer, name: str) -> list[str]:
    """Rows `| who | actions | on |` of the policies of hub, node and CI."""
    iam, own = aws.client("iam"), f"{name}-{REGION}"
    documents = {
        role: iam.get_role_policy(RoleName=f"{own}-{role}", PolicyName=f"{own}-{role}")["PolicyDocument"]
        for role in ("hub", "node")
    }
    (policy,) = (one for one in iam.list_policies(Scope="Local")["Policies"] if one["PolicyName"] == f"{own}-ci")
    documents["CI"] = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])[
        "PolicyVersion"
    ]["Document"]
    rows: dict[tuple[str, str, str], list[str]] = {}
    for who, document in documents.items():
        for statement in document["Statement"]:
            resources = ", ".join(sorted({f"`{_shorten(one)}`" for one in _listed(statement["Resource"])}))
            only = ", ".join(
                f"`{key}` = {', '.join(_listed(value))}"
                for test in statement.get("Condition", {}).values()
                for key, value in test.items()
            )
            rows.setdefault((who, resources, only), []).extend(_listed(statement["Action"]))
    return sorted(
        f"| {who} | {', '.join(f'`{action}`' for action in sorted(actions))} | "
        f"{resources}{f', only {only}' if only else ''} |"
        for (who, resources, only), actions in rows.items()
    )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _shorten(arn: str) -> str:
    """What an ARN names, without partition, region, account and made-up ids."""
    if arn == "*":
        return "*"
    parts = arn.split(":", 5)
    name = re.sub(r"i-[0-9a-f]{8,}", "HUB", parts[5].replace("autoScalingGroup:*:", ""))
    return f"{parts[2]}: {re.sub(r'-[0-9]{12}-[a-z0-9-]+', '-ACCOUNT-REGION', name)}"
