# The budget guard: an unused fleet goes down by itself, although CI died, the hub hangs or its agent is gone.

resource "aws_autoscaling_policy" "to_minimum" {
  for_each               = local.hubs
  name                   = "${each.value.nodes_name}-to-minimum"
  autoscaling_group_name = aws_autoscaling_group.nodes[each.key].name
  policy_type            = "SimpleScaling"
  adjustment_type        = "ExactCapacity"
  scaling_adjustment     = var.min_nodes_per_hub
  cooldown               = 60
}

# Idle is: more nodes wanted than the minimum, and neither session nor queue. Counted from what is wanted, and not from
# sessions alone, so that a fleet at its minimum is in no alarm: an alarm that lasts calls its policy every minute, and
# would take new nodes away before they have had a session.
# A hub that says nothing counts as idle: FILL takes what it does not say for zero, and missing data is breaching. The
# newest minute may be filled before the hub's figures are in; the guard wants idle_minutes of them in a row.
resource "aws_cloudwatch_metric_alarm" "idle" {
  for_each            = local.hubs
  alarm_name          = "${each.value.nodes_name}-idle"
  alarm_description   = "Nodes of ${each.value.name} without session or queue for ${var.idle_minutes} minutes: they are taken down to ${var.min_nodes_per_hub}."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = var.idle_minutes
  datapoints_to_alarm = var.idle_minutes
  treat_missing_data  = "breaching"
  alarm_actions       = concat([aws_autoscaling_policy.to_minimum[each.key].arn], var.alarm_topic_arns)
  tags                = local.tags

  metric_query {
    id          = "idle"
    label       = "Nodes, and nothing to do"
    expression  = "IF((FILL(wanted, 0) > ${var.min_nodes_per_hub}) AND ((FILL(sessions, 0) + FILL(queue, 0)) < 1), 1, 0)"
    return_data = true
  }

  metric_query {
    id = "wanted"

    metric {
      namespace   = "AWS/AutoScaling"
      metric_name = "GroupDesiredCapacity"
      dimensions  = { AutoScalingGroupName = each.value.nodes_name }
      period      = 60
      stat        = "Maximum"
    }
  }

  metric_query {
    id = "sessions"

    metric {
      namespace   = local.metric_namespace
      metric_name = "Sessions"
      dimensions  = { Hub = each.value.name }
      period      = 60
      stat        = "Maximum"
    }
  }

  metric_query {
    id = "queue"

    metric {
      namespace   = local.metric_namespace
      metric_name = "QueueLength"
      dimensions  = { Hub = each.value.name }
      period      = 60
      stat        = "Maximum"
    }
  }
}

# The hard stop, for those who want one: at this time the nodes go, busy or not (they drain first).
resource "aws_autoscaling_schedule" "stop" {
  for_each               = var.stop_schedule == null ? {} : local.hubs
  scheduled_action_name  = "${each.value.nodes_name}-stop"
  autoscaling_group_name = aws_autoscaling_group.nodes[each.key].name
  recurrence             = var.stop_schedule.cron
  time_zone              = var.stop_schedule.time_zone
  min_size               = -1 # as it is
  max_size               = -1
  desired_capacity       = var.min_nodes_per_hub
}
