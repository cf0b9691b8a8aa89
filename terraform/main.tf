# Names and sums that every file here shares.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  # Names of IAM are one account's, whatever the region: a fleet of the same name in another region has its own.
  global_name = "${var.name}-${local.region}"

  tags = merge(var.tags, { "gridrunner:cluster" = var.name })

  # One entry per hub: "1", "2", … Nodes that are asked for are spread evenly, the first hubs taking what is left over.
  hubs = {
    for index in range(var.hubs) : tostring(index + 1) => {
      name       = "${var.name}-hub-${index + 1}"
      nodes_name = "${var.name}-nodes-${index + 1}"
      subnet_id  = local.private_subnet_ids[index % length(local.private_subnet_ids)]
      nodes      = var.nodes == null ? null : floor(var.nodes / var.hubs) + (index < var.nodes % var.hubs ? 1 : 0)
    }
  }

  most_nodes       = var.hubs * var.max_nodes_per_hub
  metric_namespace = "gridrunner"
}
