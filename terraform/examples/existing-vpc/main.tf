# A fleet in a network that is there already, reached by the CI runners' security group. Images from a registry of yours.

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

variable "vpc_id" {
  description = "Your VPC."
  type        = string
}

variable "private_subnet_ids" {
  description = "Subnets with a way out (NAT) and none in."
  type        = list(string)
}

variable "runner_security_group_id" {
  description = "The security group of your CI runners."
  type        = string
}

variable "images" {
  description = "Images of hub, node and agent, each with a tag of its own or a digest."
  type        = object({ hub = string, node = string, agent = string })
}

variable "nodes" {
  description = "Nodes from this apply on; null leaves them alone."
  type        = number
  default     = null
}

provider "aws" {
  region = var.region
}

module "fleet" {
  source = "../.."

  name                      = "gridrunner-shared"
  existing_vpc              = { id = var.vpc_id, private_subnet_ids = var.private_subnet_ids }
  client_security_group_ids = [var.runner_security_group_id]
  images                    = var.images
  nodes                     = var.nodes
  spot                      = { base_on_demand = 1 } # one node that no interruption takes
  hubs_sleep_minutes        = 30
  stop_schedule             = { cron = "0 20 * * *", time_zone = "Europe/Berlin" }
}

output "gridrunner" {
  description = "terraform output -json gridrunner > fleet.json"
  value       = module.fleet.gridrunner
}

output "ci_policy_arn" {
  description = "Attach it to your CI's role."
  value       = module.fleet.ci_policy_arn
}
