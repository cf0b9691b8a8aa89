# A role for GitHub Actions, without a stored key: only workflows of named repositories, branches and environments get it,
# for as long as a run may take.
#
#   permissions: {id-token: write, contents: read}
#   - uses: aws-actions/configure-aws-credentials@v4
#     with: {role-to-assume: ROLE_ARN, aws-region: REGION, role-duration-seconds: 14400}

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

variable "repositories" {
  description = "Who gets the role: repositories on GitHub (OWNER/NAME) with their branches and environments. A job with an environment is known by that alone, not by its branch. Workflows of pull requests from forks never get it."
  type = map(object({
    branches     = optional(list(string), ["main"])
    environments = optional(list(string), [])
  }))

  validation {
    condition     = length(var.repositories) > 0 && alltrue([for name in keys(var.repositories) : can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", name))])
    error_message = "repositories are OWNER/NAME, without a star: a role for every repository is a role for everybody."
  }

  validation {
    condition     = alltrue(flatten([for of in values(var.repositories) : [for name in concat(of.branches, of.environments) : !strcontains(name, "*")]]))
    error_message = "branches and environments are names, without a star: anybody may make a branch."
  }
}

variable "oidc_provider_arn" {
  description = "The provider token.actions.githubusercontent.com of the account, if there is one (an account has one for each URL): aws iam list-open-id-connect-providers. null makes it."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the role."
  type        = string
  default     = "gridrunner-github"
}

variable "session_hours" {
  description = "How long a job may keep the role: longer than its run, which lowers the fleet and stores its results at its end. AWS allows 1 to 12."
  type        = number
  default     = 4

  validation {
    condition     = var.session_hours >= 1 && var.session_hours <= 12
    error_message = "session_hours is 1 to 12 (IAM, maximum session duration of a role)."
  }
}

variable "ci_policy_arn" {
  description = "Output ci_policy_arn of the fleet."
  type        = string
}

provider "aws" {
  region = var.region
}

locals {
  provider_arn = var.oidc_provider_arn == null ? aws_iam_openid_connect_provider.github[0].arn : var.oidc_provider_arn
  subjects = flatten([
    for repository, of in var.repositories : concat(
      [for branch in of.branches : "repo:${repository}:ref:refs/heads/${branch}"],
      [for environment in of.environments : "repo:${repository}:environment:${environment}"],
    )
  ])
}

resource "aws_iam_openid_connect_provider" "github" {
  count          = var.oidc_provider_arn == null ? 1 : 0
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
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = local.subjects
    }
  }
}

resource "aws_iam_role" "ci" {
  name                 = var.name
  description          = "GitHub Actions of ${join(", ", keys(var.repositories))}"
  assume_role_policy   = data.aws_iam_policy_document.github_assumes.json
  max_session_duration = var.session_hours * 3600
}

resource "aws_iam_role_policy_attachment" "ci" {
  role       = aws_iam_role.ci.name
  policy_arn = var.ci_policy_arn
}

output "role_arn" {
  description = "role-to-assume in the workflow."
  value       = aws_iam_role.ci.arn
}
