# The registration secret, without which no one can drain a node or register one.
#
# No resource: the first hub that boots makes it and puts it into this SecureString parameter, if it is not there yet.
# A resource would have its value read into terraform's state at every refresh, for everybody who may read a plan
# (write-only arguments need terraform 1.11 and a newer provider than 5.0). The price: `terraform destroy` leaves the
# parameter, which costs nothing; docs/aws.md, "Tear down", has the command that deletes it. A new secret is: delete the
# parameter, then restart hubs and nodes.

locals {
  secret_parameter     = "/${var.name}/registration-secret"
  secret_parameter_arn = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${local.secret_parameter}"
}
