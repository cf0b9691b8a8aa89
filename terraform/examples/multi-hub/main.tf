# Hundreds of nodes: several hubs of up to 60 nodes, three zones, a way out in each. 600 slots at most here.

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

variable "images" {
  description = "Images of hub, node and agent, each with a tag of its own or a digest."
  type        = object({ hub = string, node = string, agent = string })
}

variable "client_cidrs" {
  description = "Networks of your CI machines."
  type        = list(string)
}

variable "hubs" {
  description = "Hubs, of up to 60 nodes each."
  type        = number
  default     = 5
}

variable "nodes" {
  description = "Nodes of the whole fleet from this apply on; null leaves them alone."
  type        = number
  default     = null
}

provider "aws" {
  region = var.region
}

module "fleet" {
  source = "../.."

  name              = "gridrunner-large"
  hubs              = var.hubs
  max_nodes_per_hub = 60
  nodes             = var.nodes
  hub_instance_type = "c6i.xlarge" # four sessions created at once
  vpc               = { zones = 3, one_nat_gateway = false }
  client_cidrs      = var.client_cidrs

  hubs_sleep_minutes = 30 # five hubs that run all month cost more than most months' nodes
  images             = var.images
}

output "gridrunner" {
  description = "terraform output -json gridrunner > fleet.json"
  value       = module.fleet.gridrunner
}

output "ci_policy_arn" {
  description = "Attach it to your CI's role."
  value       = module.fleet.ci_policy_arn
}
