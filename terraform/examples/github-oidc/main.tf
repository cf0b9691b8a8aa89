# A role for GitHub Actions, without a stored key: only workflows of one repository and branch get it, for an hour.
#
#   permissions: {id-token: write, contents: read}
#   - uses: aws-actions/configure-aws-credentials@v4
#     with: {role-to-assume: ROLE_ARN, aws-region: REGION}

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

variable "repository" {
  description = "OWNER/NAME on GitHub."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository is OWNER/NAME, without a star: a role for every repository is a role for everybody."
  }
}

variable "branch" {
  description = "Branch whose workflows get the role. Workflows of pull requests from forks never do."
  type        = string
  default     = "main"
}

variable "ci_policy_arn" {
  description = "Output ci_policy_arn of the fleet."
  type        = string
}

provider "aws" {
  region = var.region
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
  # IAM trusts GitHub's certificate authority and ignores this (since July 2023), but older providers want one.
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
}

data "aws_iam_policy_document" "github_assumes" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${var.repository}:ref:refs/heads/${var.branch}"]
    }
  }
}

resource "aws_iam_role" "ci" {
  name                 = "gridrunner-github"
  description          = "GitHub Actions of ${var.repository}, branch ${var.branch}"
  assume_role_policy   = data.aws_iam_policy_document.github_assumes.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy_attachment" "ci" {
  role       = aws_iam_role.ci.name
  policy_arn = var.ci_policy_arn
}

output "role_arn" {
  description = "role-to-assume in the workflow."
  value       = aws_iam_role.ci.arn
}
