# The VPC, when none is given: private subnets for hubs and nodes, public ones for nothing but the way out.

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:The first vpc.zones by name are used; a zone that AWS adds comes last.
  count = local.makes_vpc ? 1 : 0
  state = "available"

  filter {
    name   = "opt-in-status" # no Local Zones: they have few of the instance types, and no NAT gateways
    values = ["opt-in-not-required"]
  }
}

# Not every zone has every type, and a hub is of one type.
data "aws_ec2_instance_type_offerings" "hub" {
  count         = local.makes_vpc ? 1 : 0
  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = [local.hub_instance_type]
  }
}

locals {
  makes_vpc = var.existing_vpc == null
  usable_zones = local.makes_vpc ? [
    for name in data.aws_availability_zones.available[0].names : name
    if contains(data.aws_ec2_instance_type_offerings.hub[0].locations, name)
  ] : []
  zones = local.makes_vpc ? slice(local.usable_zones, 0, var.vpc.zones) : []
  exits = local.makes_vpc ? (var.vpc.one_nat_gateway ? 1 : var.vpc.zones) : 0

  vpc_id             = local.makes_vpc ? aws_vpc.this[0].id : var.existing_vpc.id
  private_subnet_ids = local.makes_vpc ? aws_subnet.private[*].id : var.existing_vpc.private_subnet_ids
}

#trivy:ignore:AWS-0178 flow_log_bucket_arn sets them
resource "aws_vpc" "this" {
  count                = local.makes_vpc ? 1 : 0
  cidr_block           = var.vpc.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(local.tags, { Name = var.name })
}

# Whatever is put into the VPC without a security group of its own reaches nothing.
resource "aws_default_security_group" "closed" {
  count  = local.makes_vpc ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = merge(local.tags, { Name = "${var.name}-default-closed" })
}

resource "aws_internet_gateway" "this" {
  count  = local.makes_vpc ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = merge(local.tags, { Name = var.name })
}

resource "aws_subnet" "public" {
  count                   = length(local.zones)
  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = local.zones[count.index]
  cidr_block              = cidrsubnet(var.vpc.cidr, 8, count.index)
  map_public_ip_on_launch = false
  tags                    = merge(local.tags, { Name = "${var.name}-public-${local.zones[count.index]}" })
}

resource "aws_subnet" "private" {
  count             = length(local.zones)
  vpc_id            = aws_vpc.this[0].id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(var.vpc.cidr, 3, count.index + 1) # of a /16: 8,187 addresses
  tags              = merge(local.tags, { Name = "${var.name}-private-${local.zones[count.index]}" })
}

resource "aws_eip" "exit" {
  #checkov:skip=CKV2_AWS_19:It belongs to a NAT gateway, no instance.
  count  = local.exits
  domain = "vpc"
  tags   = merge(local.tags, { Name = "${var.name}-exit-${count.index + 1}" })
}

resource "aws_nat_gateway" "exit" {
  count         = local.exits
  allocation_id = aws_eip.exit[count.index].id
  subnet_id     = aws_subnet.public[count.index].id
  tags          = merge(local.tags, { Name = "${var.name}-exit-${count.index + 1}" })
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  count  = local.makes_vpc ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = merge(local.tags, { Name = "${var.name}-public" })
}

resource "aws_route" "to_internet" {
  count                  = local.makes_vpc ? 1 : 0
  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count          = length(local.zones)
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_route_table" "private" {
  count  = length(local.zones)
  vpc_id = aws_vpc.this[0].id
  tags   = merge(local.tags, { Name = "${var.name}-private-${local.zones[count.index]}" })
}

resource "aws_route" "to_exit" {
  count                  = length(local.zones)
  route_table_id         = aws_route_table.private[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.exit[var.vpc.one_nat_gateway ? 0 : count.index].id
}

resource "aws_route_table_association" "private" {
  count          = length(local.zones)
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[count.index].id
}

# Run folders, images' layers and Amazon Linux' packages come from S3: through here they cost no NAT traffic.
resource "aws_vpc_endpoint" "s3" {
  count             = local.makes_vpc ? 1 : 0
  vpc_id            = aws_vpc.this[0].id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = aws_route_table.private[*].id
  tags              = merge(local.tags, { Name = "${var.name}-s3" })
}

resource "aws_flow_log" "this" {
  count                = local.makes_vpc && var.flow_log_bucket_arn != null ? 1 : 0
  vpc_id               = aws_vpc.this[0].id
  traffic_type         = "ALL"
  log_destination_type = "s3"
  log_destination      = var.flow_log_bucket_arn
  tags                 = local.tags
}
