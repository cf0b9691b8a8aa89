# What hubs, nodes and agents say, and what AWS does to their instances.

#trivy:ignore:AWS-0017 kms_key_arn sets a key of your own; without it, AWS' encrypts
resource "aws_cloudwatch_log_group" "containers" {
  name              = "/${var.name}/containers"
  retention_in_days = var.logs_kept_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}

#trivy:ignore:AWS-0017 as above
resource "aws_cloudwatch_log_group" "events" {
  name              = "/aws/events/${var.name}"
  retention_in_days = var.logs_kept_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}
