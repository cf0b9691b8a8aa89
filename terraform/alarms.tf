# A hub that hangs is restarted under its address, and people hear of it. A machine whose hardware fails is moved by EC2
# itself (automatic recovery is on unless it is turned off); one that is gone altogether comes back with an apply.

locals {
  # EC2 restarts an instance for an alarm on a metric that names it (CloudWatch, "Add reboot actions").
  restarts = "arn:${local.partition}:automate:${local.region}:ec2:reboot"
  hub_alarms = {
    answers = {
      namespace   = local.metric_namespace
      metric      = "HubAnswers"
      comparison  = "LessThanThreshold"
      description = "has not answered its agent for five minutes"
      # A hub that sleeps says nothing; one that never sleeps and says nothing is dead, or its agent is.
      missing = var.hubs_sleep_minutes == null ? "breaching" : "notBreaching"
    }
    status = {
      namespace   = "AWS/EC2"
      metric      = "StatusCheckFailed_Instance"
      comparison  = "GreaterThanOrEqualToThreshold"
      description = "fails EC2's checks of its system"
      missing     = "notBreaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "hub" {
  for_each            = merge([for key, hub in local.hubs : { for kind, alarm in local.hub_alarms : "${key} ${kind}" => merge(alarm, { hub = key, kind = kind }) }]...)
  alarm_name          = "${local.hubs[each.value.hub].name}-${each.value.kind}"
  alarm_description   = "${local.hubs[each.value.hub].name} ${each.value.description}: it is restarted, and its sessions are lost."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = { InstanceId = aws_instance.hub[each.value.hub].id }
  period              = 60
  statistic           = "Maximum"
  threshold           = 1
  comparison_operator = each.value.comparison
  evaluation_periods  = 5 # a hub is up within two minutes of a restart: less would restart it again while it boots
  datapoints_to_alarm = 5
  treat_missing_data  = each.value.missing
  alarm_actions       = concat([local.restarts], var.alarm_topic_arns)
  ok_actions          = var.alarm_topic_arns
  tags                = local.tags
}
