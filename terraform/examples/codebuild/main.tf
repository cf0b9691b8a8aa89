# Runs beside their hubs: CI starts a build in the fleet's own network and merges what it stored. No tunnel, no runner of
# yours, and nothing but HTTPS to AWS leaves CI.
#
#   aws codebuild start-build --project-name gridrunner --environment-variables-override name=GROUP,value=$PIPELINE
#   gridrunner merge s3://BUCKET --store-group $PIPELINE --out merged      # when the build has ended

terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0, < 7.0"
    }
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-central-1"
}

variable "name" {
  description = "Name of the fleet and of the CodeBuild project."
  type        = string
  default     = "gridrunner"
}

variable "images" {
  description = "Images of hub, node and agent, each with a tag of its own or a digest."
  type        = object({ hub = string, node = string, agent = string })
}

variable "repository" {
  description = "The repository with your site lists and gridrunner, such as https://github.com/example/logins.git; CodeBuild has to be connected to it."
  type        = string
}

variable "command" {
  description = "What is run in the repository's folder. FLEET, STORE and GROUP are set."
  type        = string
  default     = "gridrunner run --sites sites/real.yaml --grid aws --fleet $FLEET --scale auto --budget 10m --store $STORE --store-group $GROUP"
}

provider "aws" {
  region = var.region
}

locals {
  cidr = "10.0.0.0/16"
}

module "fleet" {
  source = "../.."

  name               = var.name
  vpc                = { cidr = local.cidr }
  client_cidrs       = [local.cidr] # the build is in the fleet's network
  images             = var.images
  hubs_sleep_minutes = 30
}

resource "aws_security_group" "build" {
  #checkov:skip=CKV2_AWS_5:The CodeBuild project below has it.
  name        = "${var.name}-build"
  description = "Runs of gridrunner: the hubs, and AWS and packages over HTTPS"
  vpc_id      = module.fleet.network.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "build_to_hubs" {
  security_group_id = aws_security_group.build.id
  description       = "hubs"
  ip_protocol       = "tcp"
  from_port         = 4444
  to_port           = 4444
  cidr_ipv4         = local.cidr
}

resource "aws_vpc_security_group_egress_rule" "build_to_aws" {
  security_group_id = aws_security_group.build.id
  description       = "AWS APIs, the repository, packages"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0" #trivy:ignore:AWS-0104 AWS' own addresses have no short list; HTTPS only
}

data "aws_iam_policy_document" "codebuild_assumes" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["codebuild.amazonaws.com"]
    }
  }
}

# What CodeBuild needs to be in a VPC and to log (its user guide, "Allow CodeBuild access to AWS services required to
# create a VPC network interface"). What the run needs is the fleet's own CI policy.
data "aws_iam_policy_document" "build" {
  #checkov:skip=CKV_AWS_356:IAM knows no resources for these describe calls and for making an interface.
  #checkov:skip=CKV_AWS_111:The same.
  statement {
    sid = "InTheVpc"
    actions = [
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeDhcpOptions",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "ItsInterface"
    actions   = ["ec2:CreateNetworkInterfacePermission"]
    resources = ["arn:aws:ec2:${var.region}:*:network-interface/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:AuthorizedService"
      values   = ["codebuild.amazonaws.com"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${var.region}:*:log-group:/aws/codebuild/${var.name}*"]
  }
}

resource "aws_iam_role" "build" {
  name               = "${var.name}-build"
  description        = "Runs of gridrunner in CodeBuild"
  assume_role_policy = data.aws_iam_policy_document.codebuild_assumes.json
}

resource "aws_iam_role_policy" "build" {
  name   = "${var.name}-build"
  role   = aws_iam_role.build.id
  policy = data.aws_iam_policy_document.build.json
}

resource "aws_iam_role_policy_attachment" "ci" {
  role       = aws_iam_role.build.name
  policy_arn = module.fleet.ci_policy_arn
}

resource "aws_codebuild_project" "run" {
  #checkov:skip=CKV_AWS_147:It keeps nothing: results go into the fleet's bucket, with that bucket's key.
  name          = var.name
  description   = "A run of gridrunner beside its hubs"
  service_role  = aws_iam_role.build.arn
  build_timeout = 120 # minutes

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    type         = "LINUX_CONTAINER"
    compute_type = "BUILD_GENERAL1_MEDIUM"
    image        = "aws/codebuild/amazonlinux-x86_64-standard:5.0" # has Python 3.12

    environment_variable {
      name  = "FLEET"
      value = module.fleet.fleet_url
    }

    environment_variable {
      name  = "STORE"
      value = "s3://${module.fleet.gridrunner.bucket}"
    }

    environment_variable {
      name  = "GROUP"
      value = "by-hand"
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = "/aws/codebuild/${var.name}"
    }
  }

  source {
    type     = "GITHUB"
    location = var.repository
    buildspec = yamlencode({
      version = 0.2
      phases = {
        install = { commands = ["python3 -m pip install --quiet .[aws]"] }
        build   = { commands = [var.command] }
      }
    })
  }

  vpc_config {
    vpc_id             = module.fleet.network.vpc_id
    subnets            = module.fleet.network.private_subnet_ids
    security_group_ids = [aws_security_group.build.id]
  }
}

output "gridrunner" {
  description = "terraform output -json gridrunner > fleet.json"
  value       = module.fleet.gridrunner
}

output "project" {
  description = "aws codebuild start-build --project-name …"
  value       = aws_codebuild_project.run.name
}
