# Spot interruptions, and what happens to the groups' instances, into a log group. Agents act on what their own instance's
# metadata says, not on this: it is the record that tells people why a session was lost, and why a node never came
# (docs/aws.md, "Look inside", has the query).

locals {
  # AWS tells of spot instances by their id alone, so that no pattern holds the rule to one fleet: the log has those of
  # the whole account and region, unless logs_spot_events is false.
  event_rules = { for name, rule in local.all_event_rules : name => rule if name != "spot" || var.logs_spot_events }

  all_event_rules = {
    spot = {
      description = "Spot instances of this account that are about to be interrupted, or likely to be"
      pattern = {
        source        = ["aws.ec2"]
        "detail-type" = ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"]
      }
    }
    groups = {
      description = "Launches and terminations in the groups of ${var.name}, with the reason when they fail"
      pattern = {
        source = ["aws.autoscaling"]
        detail = { AutoScalingGroupName = [{ prefix = "${var.name}-nodes-" }] } # a list of a hundred is too long (2,048)
      }
    }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each      = local.event_rules
  name          = "${var.name}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "log" {
  for_each  = aws_cloudwatch_event_rule.this
  rule      = each.value.name
  target_id = "log"
  arn       = aws_cloudwatch_log_group.events.arn
}

data "aws_iam_policy_document" "events_to_logs" {
  statement {
    sid       = "EventBridgeOpensStreams"
    actions   = ["logs:CreateLogStream"]
    resources = ["${aws_cloudwatch_log_group.events.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }
  }

  statement {
    sid       = "OnlyTheseRulesWrite"
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.events.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for rule in aws_cloudwatch_event_rule.this : rule.arn]
    }
  }
}

# A region has room for ten of these. An account with more fleets makes one for log-group:/aws/events/* itself.
resource "aws_cloudwatch_log_resource_policy" "events" {
  count           = var.makes_log_policy ? 1 : 0
  policy_name     = "${var.name}-events"
  policy_document = data.aws_iam_policy_document.events_to_logs.json
}
