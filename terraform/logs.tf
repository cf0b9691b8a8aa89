# What hubs, nodes and agents say, and what AWS does to their instances.

#trivy:ignore:AWS-0017 encrypted with AWS' key, for the same reason
resource "aws_cloudwatch_log_group" "containers" {
  #checkov:skip=CKV_AWS_158:Encrypted with AWS' key. One of your own costs 1 USD per month and keeps no one out who may read the logs.
  #checkov:skip=CKV_AWS_338:A run's logs serve until its faults are understood; logs_kept_days keeps them a year and longer.
  name              = "/${var.name}/containers"
  retention_in_days = var.logs_kept_days
  tags              = local.tags
}

#trivy:ignore:AWS-0017 as above
resource "aws_cloudwatch_log_group" "events" {
  #checkov:skip=CKV_AWS_158:Encrypted with AWS' key, as above.
  #checkov:skip=CKV_AWS_338:As above.
  name              = "/aws/events/${var.name}"
  retention_in_days = var.logs_kept_days
  tags              = local.tags
}
