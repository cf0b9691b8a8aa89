# Nodes: for each hub an auto scaling group, mostly of spot instances, that drains what it takes away.

locals {
  lifecycle_hook_name = "${var.name}-drain"
  # Three heartbeats of the agent (60 s): a node whose agent died holds its instance no longer than this.
  heartbeat_timeout_s = 180
}

resource "aws_launch_template" "node" {
  for_each               = local.hubs
  name                   = each.value.nodes_name
  description            = "Nodes of ${each.value.name}"
  image_id               = local.ami_id
  instance_type          = local.instance_types[0]
  update_default_version = true
  ebs_optimized          = true
  tags                   = local.tags

  user_data = base64encode(join("\n", [
    templatefile("${path.module}/templates/prepare.sh.tftpl", merge(local.prepare, { makes_secret = false, replaces_itself = true })),
    templatefile("${path.module}/templates/node.sh.tftpl", {
      node_image      = var.images.node
      agent_image     = var.images.agent
      hub_address     = aws_network_interface.hub[each.key].private_ip
      nodes_asg       = each.value.nodes_name
      hook            = local.lifecycle_hook_name
      slots           = var.slots_per_node
      drain_timeout_s = var.drain_timeout_s
      scheme          = local.scheme
      environment     = var.node_environment
      user_data_after = var.user_data.after
      seccomp         = jsonencode(jsondecode(file("${path.module}/templates/seccomp.json")))
    }),
  ]))

  iam_instance_profile {
    arn = aws_iam_instance_profile.node.arn
  }

  network_interfaces {
    associate_public_ip_address = false
    delete_on_termination       = true
    security_groups             = concat([aws_security_group.nodes[each.key].id], var.additional_security_group_ids)
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # the agent shares the host's network; browsers do not reach the metadata
    instance_metadata_tags      = "disabled"
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.disk_gib
      encrypted             = true
      kms_key_id            = var.kms_key_arn
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = each.value.nodes_name, "gridrunner:role" = "node" })
    }
  }
}

resource "aws_autoscaling_group" "nodes" {
  for_each                  = local.hubs
  name                      = each.value.nodes_name
  min_size                  = var.min_nodes_per_hub
  max_size                  = var.max_nodes_per_hub
  vpc_zone_identifier       = local.private_subnet_ids
  health_check_type         = "EC2"
  health_check_grace_period = 120
  capacity_rebalance        = true
  force_delete              = true # destroy means it: hooks would hold it for minutes
  wait_for_capacity_timeout = "0"  # spot capacity may not be to be had: `gridrunner grid status` tells, terraform does not hang
  enabled_metrics           = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances", "GroupTerminatingInstances"]

  # null (var.nodes is null) leaves whatever gridrunner or the idle guard has set: the attribute is computed, so no plan
  # shows it as a change. `ignore_changes` would do that as well, and make -var nodes=20 do nothing.
  desired_capacity = each.value.nodes

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity                  = var.spot.base_on_demand
      on_demand_percentage_above_base_capacity = var.spot.percent_on_demand
      spot_allocation_strategy                 = "price-capacity-optimized"
    }

    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.node[each.key].id
        version            = aws_launch_template.node[each.key].latest_version
      }

      dynamic "override" {
        for_each = local.instance_types

        content {
          instance_type = override.value
        }
      }
    }
  }

  # A new image, AMI or setting makes a new version of the launch template, and that replaces the nodes, draining each.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
      instance_warmup        = 180
      skip_matching          = true
    }
  }

  dynamic "tag" {
    for_each = merge(local.tags, { Name = each.value.nodes_name, "gridrunner:role" = "node" })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    precondition {
      condition     = var.min_nodes_per_hub <= var.max_nodes_per_hub
      error_message = "min_nodes_per_hub (${var.min_nodes_per_hub}) is over max_nodes_per_hub (${var.max_nodes_per_hub}): lower the minimum, or raise the maximum (60 at most)."
    }

    precondition {
      condition     = var.nodes == null ? true : var.nodes <= local.most_nodes
      error_message = "nodes = ${coalesce(var.nodes, 0)} is more than ${var.hubs} hub(s) of max_nodes_per_hub = ${var.max_nodes_per_hub} may have (${local.most_nodes}): raise max_nodes_per_hub (60 at most), or hubs to ${ceil(coalesce(var.nodes, 0) / var.max_nodes_per_hub)}."
    }

    precondition {
      condition     = var.nodes == null ? true : var.nodes >= var.hubs * var.min_nodes_per_hub
      error_message = "nodes = ${coalesce(var.nodes, 0)} is less than ${var.hubs} hub(s) of min_nodes_per_hub = ${var.min_nodes_per_hub} keep (${var.hubs * var.min_nodes_per_hub}): lower min_nodes_per_hub."
    }

    precondition {
      condition     = length(var.client_cidrs) + length(var.client_security_group_ids) > 0 || var.ci_port_forwarding
      error_message = "Nobody reaches the hubs: name the networks of your CI machines in client_cidrs, their security groups in client_security_group_ids, or set ci_port_forwarding = true."
    }
  }
}

# An instance that is taken away waits here while its agent drains it.
resource "aws_autoscaling_lifecycle_hook" "drain" {
  for_each               = local.hubs
  name                   = local.lifecycle_hook_name
  autoscaling_group_name = aws_autoscaling_group.nodes[each.key].name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = local.heartbeat_timeout_s
  default_result         = "CONTINUE"
}
