# Hubs: one instance each, behind a network interface of its own, so that a hub that is replaced keeps its address. What a
# hub does not survive by itself, alarms.tf restarts.

data "aws_ssm_parameter" "ami" {
  count = var.ami_id == null ? 1 : 0
  name  = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.architecture}"
}

# The newest Amazon Linux of the first apply, and of every one with another ami_release: sizing a fleet moves no machine.
resource "terraform_data" "ami" {
  count            = var.ami_id == null ? 1 : 0
  input            = nonsensitive(data.aws_ssm_parameter.ami[0].value)
  triggers_replace = [var.ami_release, var.architecture]

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  ami_id = var.ami_id == null ? terraform_data.ami[0].output : var.ami_id
  scheme = var.tls == null ? "http" : "https"

  # what both kinds of machine do first: Docker, the registration secret, the images
  prepare = {
    region                = local.region
    registries            = local.ecr_registries
    secret_parameter      = local.secret_parameter
    login_parameter       = var.login_parameter == null ? "" : var.login_parameter
    certificate_parameter = var.tls == null ? "" : var.tls.certificate_parameter
    log_group             = aws_cloudwatch_log_group.containers.name
    cluster               = var.name
    user_data_before      = var.user_data.before
  }
}

resource "aws_network_interface" "hub" {
  for_each        = local.hubs
  subnet_id       = each.value.subnet_id
  description     = "The address of ${each.value.name}"
  security_groups = concat([aws_security_group.hub[each.key].id], var.additional_security_group_ids)
  tags            = merge(local.tags, { Name = each.value.name, "gridrunner:role" = "hub" })
}

resource "aws_instance" "hub" {
  #checkov:skip=CKV_AWS_126:Detailed monitoring costs 2 USD per month; the hub's agent publishes by the minute what matters.
  for_each                    = local.hubs
  ami                         = local.ami_id
  instance_type               = local.hub_instance_type
  iam_instance_profile        = aws_iam_instance_profile.hub.name
  ebs_optimized               = true
  user_data_replace_on_change = true
  tags                        = merge(local.tags, { Name = each.value.name, "gridrunner:role" = "hub" })
  volume_tags                 = merge(local.tags, { Name = each.value.name, "gridrunner:role" = "hub" })

  user_data = join("\n", [
    templatefile("${path.module}/templates/prepare.sh.tftpl", merge(local.prepare, { makes_secret = true, replaces_itself = false })),
    templatefile("${path.module}/templates/hub.sh.tftpl", {
      hub_image    = var.images.hub
      agent_image  = var.images.agent
      hub_name     = each.value.name
      fleet        = var.name
      bucket       = aws_s3_bucket.runs.id
      namespace    = local.metric_namespace
      idle_minutes = var.idle_minutes

      scheme          = local.scheme
      key_parameter   = var.tls == null ? "" : var.tls.key_parameter
      sleep_minutes   = var.hubs_sleep_minutes == null ? 0 : var.hubs_sleep_minutes
      environment     = var.hub_environment
      user_data_after = var.user_data.after
    }),
  ])

  # Provider 6 would rather see primary_network_interface, which 5 does not have; both take this one.
  network_interface {
    network_interface_id = aws_network_interface.hub[each.key].id
    device_index         = 0
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # the agent shares the host's network; other containers do not reach the metadata
    instance_metadata_tags      = "disabled"
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = var.disk_gib
    encrypted   = true
    kms_key_id  = var.kms_key_arn
  }
}
