# What hubs and nodes may do, action by action. docs/aws.md has the same as a table, and a test compares the two.

data "aws_iam_policy_document" "ec2_assumes" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

locals {
  # ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG of the three images, as far as they are in ECR
  ecr_images = [
    for image in [var.images.hub, var.images.node, var.images.agent] :
    regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/(?P<repository>[^:@]+)", image)
    if can(regex("^[0-9]{12}\\.dkr\\.ecr\\.", image))
  ]
  ecr_repository_arns = distinct([
    for image in local.ecr_images : "arn:${local.partition}:ecr:${image.region}:${image.account}:repository/${image.repository}"
  ])
  ecr_registries = distinct([for image in local.ecr_images : "${image.account}.dkr.ecr.${image.region}.amazonaws.com"])
  # Parameters that the user made: by name, "/team/grid-login", to ARN.
  parameter_arns = {
    for name in compact(concat([var.login_parameter], var.tls == null ? [] : [var.tls.certificate_parameter, var.tls.key_parameter])) :
    name => "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${startswith(name, "/") ? name : "/${name}"}"
  }
  login_parameter_arns       = var.login_parameter == null ? [] : [local.parameter_arns[var.login_parameter]]
  certificate_parameter_arns = var.tls == null ? [] : [local.parameter_arns[var.tls.certificate_parameter]]
  instance_arns              = "arn:${local.partition}:ec2:${local.region}:${local.account}:instance/*"
  # One pattern for all groups of the fleet: a hundred names are more than a policy may have.
  nodes_asg_arns = "arn:${local.partition}:autoscaling:${local.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${var.name}-nodes-*"
}

# What every machine of the fleet needs: Session Manager instead of SSH, logs, images. Not AmazonSSMManagedInstanceCore:
# that would let it read every parameter of the account.
data "aws_iam_policy_document" "machine" {
  #checkov:skip=CKV_AWS_111:The only writes without a resource are the channels of Session Manager.
  #checkov:skip=CKV_AWS_356:Session Manager's channels and ECR's token have no resource to name; IAM knows none for these actions.
  statement {
    sid = "SessionManagerInsteadOfSsh"
    actions = [
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "LogsOfContainers"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.containers.arn}:*"]
  }

  statement {
    sid       = "RegistrationSecret"
    actions   = ["ssm:GetParameter"]
    resources = concat([local.secret_parameter_arn], local.login_parameter_arns, local.certificate_parameter_arns)
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
    for_each = length(local.ecr_repository_arns) > 0 ? ["ecr"] : []

    content {
      sid       = "ImagesToken"
      actions   = ["ecr:GetAuthorizationToken"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = length(local.ecr_repository_arns) > 0 ? ["ecr"] : []

    content {
      sid       = "Images"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = local.ecr_repository_arns
    }
  }
}

data "aws_iam_policy_document" "hub" {
  #checkov:skip=CKV_AWS_356:PutMetricData has no resource (the condition holds it to the fleet's namespace), nor have describe calls.
  source_policy_documents = [data.aws_iam_policy_document.machine.json]

  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.metric_namespace]
    }
  }

  # Leases of runs that died: the book in the bucket, and the groups that it speaks of.
  statement {
    sid       = "SeesGroups"
    actions   = ["autoscaling:DescribeAutoScalingGroups"]
    resources = ["*"]
  }

  statement {
    sid       = "LowersGroups"
    actions   = ["autoscaling:SetDesiredCapacity"]
    resources = [local.nodes_asg_arns]
  }

  statement {
    sid       = "BookOfLeases"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.runs.arn}/fleet/*"]
  }

  statement {
    sid       = "NoBookYetIsNotDenied"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.runs.arn]
  }

  dynamic "statement" {
    for_each = var.tls == null ? [] : ["tls"]

    content {
      sid       = "KeyOfItsCertificate"
      actions   = ["ssm:GetParameter"]
      resources = [local.parameter_arns[var.tls.key_parameter]]
    }
  }

  dynamic "statement" {
    for_each = var.hubs_sleep_minutes == null ? [] : ["sleep"]

    content {
      sid       = "GoesToSleep"
      actions   = ["ec2:StopInstances"]
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
    sid       = "MakesTheRegistrationSecret"
    actions   = ["ssm:PutParameter", "ssm:AddTagsToResource"]
    resources = [local.secret_parameter_arn]
  }
}

data "aws_iam_policy_document" "node" {
  source_policy_documents = [data.aws_iam_policy_document.machine.json]

  statement {
    sid       = "LetsItselfGo"
    actions   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat", "autoscaling:SetInstanceHealth"]
    resources = [local.nodes_asg_arns]
  }
}

resource "aws_iam_role" "hub" {
  name               = "${local.global_name}-hub"
  path               = var.iam_path
  description        = "Hubs of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.ec2_assumes.json

  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "hub" {
  name   = "${local.global_name}-hub"
  role   = aws_iam_role.hub.id
  policy = data.aws_iam_policy_document.hub.json
}

resource "aws_iam_instance_profile" "hub" {
  name = "${local.global_name}-hub"
  path = var.iam_path
  role = aws_iam_role.hub.name
  tags = local.tags
}

resource "aws_iam_role" "node" {
  name               = "${local.global_name}-node"
  path               = var.iam_path
  description        = "Nodes of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.ec2_assumes.json

  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "node" {
  name   = "${local.global_name}-node"
  role   = aws_iam_role.node.id
  policy = data.aws_iam_policy_document.node.json
}

resource "aws_iam_instance_profile" "node" {
  name = "${local.global_name}-node"
  path = var.iam_path
  role = aws_iam_role.node.name
  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "additional" {
  for_each   = { for pair in setproduct(["hub", "node"], var.additional_policy_arns) : "${pair[0]} ${pair[1]}" => pair }
  role       = each.value[0] == "hub" ? aws_iam_role.hub.name : aws_iam_role.node.name
  policy_arn = each.value[1]
}
