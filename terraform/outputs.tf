locals {
  fleet = {
    format = 1
    name   = var.name
    region = local.region
    hubs = [for key in [for index in range(var.hubs) : tostring(index + 1)] : {
      name        = local.hubs[key].name
      url         = "${local.scheme}://${aws_network_interface.hub[key].private_ip}:${local.grid_port}"
      nodes_asg   = aws_autoscaling_group.nodes[key].name
      instance_id = aws_instance.hub[key].id
    }]
    slots_per_node   = var.slots_per_node
    nodes            = { min = var.min_nodes_per_hub, max_per_hub = var.max_nodes_per_hub }
    instance_types   = local.instance_types
    spot             = { base_on_demand = var.spot.base_on_demand, percent_on_demand = var.spot.percent_on_demand }
    bucket           = aws_s3_bucket.runs.id
    secret_parameter = local.secret_parameter
    login_parameter  = var.login_parameter == null ? "" : var.login_parameter
    hubs_sleep       = var.hubs_sleep_minutes != null
    log_group        = aws_cloudwatch_log_group.containers.name
    lifecycle_hook   = local.lifecycle_hook_name
    metric_namespace = local.metric_namespace
  }
}

output "gridrunner" {
  description = "What gridrunner reads: terraform output -json gridrunner > fleet.json. No secret is in it."
  value       = local.fleet
}

output "fleet_url" {
  description = "The same in the fleet's bucket: gridrunner run --fleet URL."
  value       = "s3://${aws_s3_object.fleet.bucket}/${aws_s3_object.fleet.key}"
}

output "ci_policy_arn" {
  description = "The policy to attach to the role of your CI."
  value       = aws_iam_policy.ci.arn
}

output "exit_addresses" {
  description = "Public addresses that the sites see, for their allow lists; empty with an existing VPC."
  value       = aws_eip.exit[*].public_ip
}

output "security_group_ids" {
  description = "Security groups of hubs and of nodes, by hub."
  value       = { for key, hub in local.hubs : hub.name => { hub = aws_security_group.hub[key].id, nodes = aws_security_group.nodes[key].id } }
}

output "network" {
  description = "The VPC with its private subnets and their route tables, for peering, transit gateways, VPN and further endpoints. No route tables with an existing VPC."
  value = {
    vpc_id                  = local.vpc_id
    private_subnet_ids      = local.private_subnet_ids
    private_route_table_ids = aws_route_table.private[*].id
  }
}

output "role_names" {
  description = "Roles of hubs and nodes, for policies of your own; additional_policy_arns attaches them here."
  value       = { hub = aws_iam_role.hub.name, node = aws_iam_role.node.name }
}

output "node_group_names" {
  description = "Auto scaling groups of nodes, by hub."
  value       = { for key, hub in local.hubs : hub.name => aws_autoscaling_group.nodes[key].name }
}
