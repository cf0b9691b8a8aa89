# Private repositories for the images of hub, node and agent. Build with docker/build.sh, then do what `push` says.

terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0, < 7.0"
    }
  }
}

variable "name" {
  description = "Prefix of the repositories: NAME/hub, NAME/node-chrome, NAME/agent."
  type        = string
  default     = "gridrunner"
}

variable "tag" {
  description = "Tag of the images to use and to push. Tags are immutable: a new build needs a new one."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$", var.tag)) && var.tag != "latest"
    error_message = "tag is one of your own, such as 2026-11-26 or a commit: latest could be pushed once only, and never again."
  }
}

variable "kept_images" {
  description = "Images kept in each repository; older ones are deleted."
  type        = number
  default     = 10

  validation {
    condition     = var.kept_images >= 2
    error_message = "kept_images is 2 or more: the fleet needs the old image until the new one is everywhere."
  }
}

variable "pull_account_ids" {
  description = "Other AWS accounts that may pull."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.pull_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "pull_account_ids holds account ids of 12 digits."
  }
}

variable "is_disposable" {
  description = "Let terraform destroy delete repositories that have images in them."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "Key of your own for the images; a repository keeps the one that it was made with. null: ECR's."
  type        = string
  default     = null
}

variable "tags" {
  description = "Further tags."
  type        = map(string)
  default     = {}
}

data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # what terraform's module and the repositories call it: what docker/build.sh and docker/agent call it
  images = { hub = "hub", node = "node-chrome", agent = "agent" }
}

#trivy:ignore:AWS-0033 kms_key_arn sets a key of your own; without it, ECR's encrypts
resource "aws_ecr_repository" "this" {
  for_each             = local.images
  name                 = "${var.name}/${each.value}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.is_disposable
  tags                 = merge(var.tags, { "gridrunner:cluster" = var.name })

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = var.kms_key_arn == null ? "AES256" : "KMS"
    kms_key         = var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each   = local.images
  repository = aws_ecr_repository.this[each.key].name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1 # what one rule's tags match, no later rule takes: a fleet boots from this tag
        description  = "never the one in use"
        selection    = { tagStatus = "tagged", tagPatternList = [var.tag], countType = "imageCountMoreThan", countNumber = 1 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "of the others the newest ${var.kept_images}"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.kept_images }
        action       = { type = "expire" }
      },
    ]
  })
}

data "aws_iam_policy_document" "pull" {
  statement {
    sid     = "OtherAccountsPull"
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]

    principals {
      type        = "AWS"
      identifiers = [for id in var.pull_account_ids : "arn:${data.aws_partition.current.partition}:iam::${id}:root"]
    }
  }
}

resource "aws_ecr_repository_policy" "pull" {
  for_each   = length(var.pull_account_ids) > 0 ? local.images : {}
  repository = aws_ecr_repository.this[each.key].name
  policy     = data.aws_iam_policy_document.pull.json
}

output "images" {
  description = "The variable `images` of the fleet's module."
  value       = { for key, repository in aws_ecr_repository.this : key => "${repository.repository_url}:${var.tag}" }
}

output "push" {
  description = "Shell commands that push images built here (gridrunner/hub:TAG and so on): terraform output -raw push | sh"
  value = join("\n", concat(
    ["set -eu", "aws ecr get-login-password --region ${data.aws_region.current.id} | docker login --username AWS --password-stdin ${split("/", aws_ecr_repository.this["hub"].repository_url)[0]}"],
    flatten([for key, image in local.images : [
      "docker tag gridrunner/${image}:${var.tag} ${aws_ecr_repository.this[key].repository_url}:${var.tag}",
      "docker push ${aws_ecr_repository.this[key].repository_url}:${var.tag}",
    ]]),
    [""],
  ))
}
