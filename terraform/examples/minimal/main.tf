# The smallest fleet: a VPC of its own, one hub, spot nodes from zero, images in ECR.
#
#   terraform init
#   terraform apply -target module.images          # the repositories, once
#   terraform output -raw push | sh                # the images that docker/build.sh made
#   terraform apply
#   terraform output -json gridrunner > fleet.json

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

variable "tag" {
  description = "Tag of the images."
  type        = string
  default     = "0.1.0"
}

variable "nodes" {
  description = "Nodes from this apply on, such as terraform apply -var nodes=20; null leaves them alone."
  type        = number
  default     = null
}

variable "client_cidrs" {
  description = "Networks of your CI machines. Empty: CI comes through Session Manager's port forwarding."
  type        = list(string)
  default     = []
}

variable "bucket_is_disposable" {
  description = "Let terraform destroy delete the bucket with all runs and the history; apply it first."
  type        = bool
  default     = false
}

provider "aws" {
  region = var.region
}

module "images" {
  source        = "../../modules/images"
  tag           = var.tag
  is_disposable = true # images can be built again
}

module "fleet" {
  source = "../.."

  images               = module.images.images
  nodes                = var.nodes
  client_cidrs         = var.client_cidrs
  ci_port_forwarding   = length(var.client_cidrs) == 0
  bucket_is_disposable = var.bucket_is_disposable
  hubs_sleep_minutes   = length(var.client_cidrs) == 0 ? null : 30 # a tunnel of Session Manager wakes no hub
}

output "gridrunner" {
  description = "terraform output -json gridrunner > fleet.json"
  value       = module.fleet.gridrunner
}

output "push" {
  description = "terraform output -raw push | sh"
  value       = module.images.push
}

output "ci_policy_arn" {
  description = "Attach it to your CI's role."
  value       = module.fleet.ci_policy_arn
}
