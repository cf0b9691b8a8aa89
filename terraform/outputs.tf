output "gridrunner" {
  description = "What gridrunner reads: terraform output -json gridrunner > fleet.json. No secret is in it."
  value = {
    format = 1
    name   = var.name
    region = local.region
    hubs = [for key in [for index in range(var.hubs) : tostring(index + 1)] : {
      name        = local.hubs[key].name
      url         = "http://${aws_network_interface.hub[key].private_ip}:${local.grid_port}"
      nodes_asg   = aws_autoscaling_group.nodes[key].name
      instance_id = aws_instance.hub[key].id
    }]
    slots_per_node   = var.slots_per_node
    nodes            = { min = var.min_nodes_per_hub, max_per_hub = var.max_nodes_per_hub }
    instance_types   = local.is_mixed ? var.instance_types : [var.instance_types[0]]
    spot             = { base_on_demand = var.spot.base_on_demand, percent_on_demand = var.spot.percent_on_demand }
    bucket           = aws_s3_bucket.runs.id
    secret_parameter = local.secret_parameter
    log_group        = aws_cloudwatch_log_group.containers.name
    lifecycle_hook   = local.lifecycle_hook_name
    metric_namespace = local.metric_namespace
  }
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
