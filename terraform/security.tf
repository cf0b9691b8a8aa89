# Who reaches what. docs/aws.md lists the same ports by source; a test compares the two.

resource "aws_security_group" "hub" {
  #checkov:skip=CKV2_AWS_5:Attached to the hub's network interface.
  for_each    = local.hubs
  name        = each.value.name
  description = "Hub ${each.key} of ${var.name}: clients and its own nodes in, AWS and its own nodes out"
  vpc_id      = local.vpc_id
  tags        = merge(local.tags, { Name = each.value.name })
}

resource "aws_security_group" "nodes" {
  #checkov:skip=CKV2_AWS_5:Attached to the nodes' network interfaces by their launch template.
  for_each    = local.hubs
  name        = each.value.nodes_name
  description = "Nodes of hub ${each.key} of ${var.name}: their hub in, their hub and the sites out"
  vpc_id      = local.vpc_id
  tags        = merge(local.tags, { Name = each.value.nodes_name })
}

locals {
  grid_port = 4444
  node_port = 5555
  # 4442 and 4443: the event bus, on which nodes register and beat. 4444: agents drain through it.
  ports_of_hub_for_nodes = { bus_publish = 4442, bus_subscribe = 4443, grid = local.grid_port }

  client_rules = merge([
    for key, hub in local.hubs : merge(
      { for cidr in var.client_cidrs : "${key} ${cidr}" => { hub = key, cidr = cidr, group = null } },
      { for group in var.client_security_group_ids : "${key} ${group}" => { hub = key, cidr = null, group = group } },
    )
  ]...)

  node_rules = merge([
    for key, hub in local.hubs : { for use, port in local.ports_of_hub_for_nodes : "${key} ${use}" => { hub = key, use = use, port = port } }
  ]...)

  # The VPC's own resolver is reached without a rule; servers of a DHCP option set are not.
  dns_rules = merge(flatten([
    for key, hub in local.hubs : [for cidr in var.dns_servers : [for protocol in ["tcp", "udp"] : {
      "${key} ${cidr} ${protocol}" = { hub = key, cidr = cidr, protocol = protocol }
    }]]
  ])...)

  site_rules = merge([
    for key, hub in local.hubs : { for port in setunion([443], var.site_ports) : "${key} ${port}" => { hub = key, port = port } }
  ]...)
}

resource "aws_vpc_security_group_ingress_rule" "hub_from_client" {
  for_each                     = local.client_rules
  security_group_id            = aws_security_group.hub[each.value.hub].id
  description                  = "WebDriver from CI"
  ip_protocol                  = "tcp"
  from_port                    = local.grid_port
  to_port                      = local.grid_port
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.group
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "hub_from_nodes" {
  for_each                     = local.node_rules
  security_group_id            = aws_security_group.hub[each.value.hub].id
  description                  = "${each.value.use} from its nodes"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = aws_security_group.nodes[each.value.hub].id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "hub_to_nodes" {
  for_each                     = local.hubs
  security_group_id            = aws_security_group.hub[each.key].id
  description                  = "sessions on its nodes"
  ip_protocol                  = "tcp"
  from_port                    = local.node_port
  to_port                      = local.node_port
  referenced_security_group_id = aws_security_group.nodes[each.key].id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "hub_to_aws" {
  for_each          = local.hubs
  security_group_id = aws_security_group.hub[each.key].id
  description       = "AWS APIs, images and packages"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0" #trivy:ignore:AWS-0104 AWS' own addresses have no short list; HTTPS only
  tags              = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "nodes_from_hub" {
  for_each                     = local.hubs
  security_group_id            = aws_security_group.nodes[each.key].id
  description                  = "sessions from its hub"
  ip_protocol                  = "tcp"
  from_port                    = local.node_port
  to_port                      = local.node_port
  referenced_security_group_id = aws_security_group.hub[each.key].id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "nodes_to_hub" {
  for_each                     = local.node_rules
  security_group_id            = aws_security_group.nodes[each.value.hub].id
  description                  = "${each.value.use} to its hub"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = aws_security_group.hub[each.value.hub].id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "nodes_to_sites" {
  for_each          = local.site_rules
  security_group_id = aws_security_group.nodes[each.value.hub].id
  description       = "sites under test"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = "0.0.0.0/0" #trivy:ignore:AWS-0104 the sites under test are anywhere
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "hub_to_dns" {
  for_each          = local.dns_rules
  security_group_id = aws_security_group.hub[each.value.hub].id
  description       = "names"
  ip_protocol       = each.value.protocol
  from_port         = 53
  to_port           = 53
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "nodes_to_dns" {
  for_each          = local.dns_rules
  security_group_id = aws_security_group.nodes[each.value.hub].id
  description       = "names"
  ip_protocol       = each.value.protocol
  from_port         = 53
  to_port           = 53
  cidr_ipv4         = each.value.cidr
  tags              = local.tags
}
