# What a CI job may do with the fleet: scale it, use its bucket, see prices. A policy to attach to the role that CI has;
# examples/github-oidc makes such a role for GitHub Actions, without a stored key.

data "aws_iam_policy_document" "ci" {
  #checkov:skip=CKV_AWS_356:IAM knows no resources for describe calls, spot prices and the price list.
  statement {
    sid = "Looks"
    actions = [
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:DescribeScalingActivities",
      "ec2:DescribeInstances",
      "ec2:DescribeSpotPriceHistory",
      "pricing:GetProducts",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "Scales"
    actions   = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
    resources = [local.nodes_asg_arns]
  }

  statement {
    sid       = "RegistrationSecret"
    actions   = ["ssm:GetParameter"]
    resources = concat([local.secret_parameter_arn], local.login_parameter_arns)
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : ["kms"]

    content {
      sid       = "KeyOfYourOwn"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [var.kms_key_arn]
    }
  }

  dynamic "statement" {
    for_each = var.hubs_sleep_minutes == null ? [] : ["sleep"]

    content {
      sid       = "WakesHubs"
      actions   = ["ec2:StartInstances"]
      resources = [local.instance_arns]

      condition {
        test     = "StringEquals"
        variable = "ec2:ResourceTag/gridrunner:cluster"
        values   = [var.name]
      }

      condition {
        test     = "StringEquals"
        variable = "ec2:ResourceTag/gridrunner:role"
        values   = ["hub"]
      }
    }
  }

  statement {
    sid       = "ListsTheBucket"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.runs.arn]
  }

  statement {
    sid       = "RunsHistoryReports"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.runs.arn}/*"] # --store may have a prefix of its own; nothing else is in the bucket
  }

  # Entries of the history that were put together; nothing else is ever removed. --store may have a prefix of its own.
  statement {
    sid       = "ForgetsOldHistory"
    actions   = ["s3:DeleteObject"]
    resources = ["${aws_s3_bucket.runs.arn}/history/*", "${aws_s3_bucket.runs.arn}/*/history/*"]
  }

  dynamic "statement" {
    for_each = var.ci_port_forwarding ? ["yes"] : []

    content {
      sid       = "ForwardsPortsToHubs"
      actions   = ["ssm:StartSession"]
      resources = ["arn:${local.partition}:ec2:${local.region}:${local.account}:instance/*"]

      # By tag, not by name: a list of a hundred hubs is more than a policy may have (6,144 characters).
      condition {
        test     = "StringEquals"
        variable = "ssm:resourceTag/gridrunner:cluster"
        values   = [var.name]
      }

      condition {
        test     = "StringEquals"
        variable = "ssm:resourceTag/gridrunner:role"
        values   = ["hub"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.ci_port_forwarding ? ["yes"] : []

    content {
      sid       = "ForwardsPortsOnly"
      actions   = ["ssm:StartSession"]
      resources = ["arn:${local.partition}:ssm:${local.region}::document/AWS-StartPortForwardingSession"]
    }
  }

  dynamic "statement" {
    for_each = var.ci_port_forwarding ? ["yes"] : []

    content {
      sid       = "EndsItsOwnForwarding"
      actions   = ["ssm:TerminateSession"]
      resources = ["arn:${local.partition}:ssm:${local.region}:${local.account}:session/$${aws:userid}-*"]
    }
  }
}

resource "aws_iam_policy" "ci" {
  name        = "${local.global_name}-ci"
  path        = var.iam_path
  description = "Scale ${var.name}, read and write its bucket, see what it costs"
  policy      = data.aws_iam_policy_document.ci.json
  tags        = local.tags
}
