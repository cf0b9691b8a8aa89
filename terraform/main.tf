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

  # Default types by architecture: two generations and makers, so that spot capacity is found.
  instance_types = var.instance_types != null ? var.instance_types : {
    x86_64 = ["c6i.large", "c5.large", "c6a.large", "c5a.large", "m6i.large", "m5.large", "m6a.large", "m5a.large"]
    arm64  = ["c7g.large", "c6g.large", "c6gn.large", "c6gd.large", "m7g.large", "m6g.large", "m6gd.large"]
  }[var.architecture]
  hub_instance_type = var.hub_instance_type != null ? var.hub_instance_type : { x86_64 = "c6i.large", arm64 = "c7g.large" }[var.architecture]

  most_nodes       = var.hubs * var.max_nodes_per_hub
  metric_namespace = "gridrunner"
}
