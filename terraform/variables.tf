# What one apply decides. Limits that concern two variables are preconditions, in nodes.tf.

variable "name" {
  description = "Name of the fleet: prefix of everything made here, and the value of the tag gridrunner:cluster."
  type        = string
  default     = "gridrunner"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name is 3 to 32 characters of a-z, 0-9 and -, begins with a letter and ends with no -: it becomes part of a bucket's name."
  }
}

variable "tags" {
  description = "Further tags for everything. Those of the module itself (gridrunner:cluster, gridrunner:role) win."
  type        = map(string)
  default     = {}
}

# --- size ---------------------------------------------------------------------------------------------------------

variable "hubs" {
  description = "Selenium hubs. Each has an address of its own and its own auto scaling group of nodes."
  type        = number
  default     = 1

  validation {
    condition     = var.hubs >= 1 && var.hubs <= 100 && floor(var.hubs) == var.hubs
    error_message = "hubs is a whole number from 1 to 100. 5,000 nodes are 84 hubs of 60."
  }
}

variable "max_nodes_per_hub" {
  description = "Most nodes that a hub may have. Applies to every change of size, whoever asks for it."
  type        = number
  default     = 20

  validation {
    condition     = var.max_nodes_per_hub >= 1 && var.max_nodes_per_hub <= 60 && floor(var.max_nodes_per_hub) == var.max_nodes_per_hub
    error_message = "A hub carries at most about 60 nodes (Selenium's own sizing advice): keep max_nodes_per_hub between 1 and 60, and raise hubs instead. 61 nodes are hubs = 2, max_nodes_per_hub = 31."
  }
}

variable "min_nodes_per_hub" {
  description = "Nodes that a hub keeps although nothing runs; 0 lets the fleet scale to zero. What is kept is paid for day and night."
  type        = number
  default     = 0

  validation {
    condition     = var.min_nodes_per_hub >= 0 && floor(var.min_nodes_per_hub) == var.min_nodes_per_hub
    error_message = "min_nodes_per_hub is a whole number from 0 (scale to zero when idle)."
  }
}

variable "nodes" {
  description = <<-EOT
    Nodes of the whole fleet from this apply on, spread over the hubs: terraform apply -var nodes=20. null (the default)
    leaves the number alone: gridrunner and the idle guard change it, and no plan shows that as drift. Give it on the
    command line, not in a file, or every apply sets it again.
  EOT
  type        = number
  default     = null

  validation {
    condition     = var.nodes == null ? true : var.nodes >= 0 && floor(var.nodes) == var.nodes
    error_message = "nodes is a whole number from 0, or null to leave the size of the fleet alone."
  }
}

# --- machines -----------------------------------------------------------------------------------------------------

variable "images" {
  description = "Container images of hub, node and agent, with a tag that is never used again or a digest: a new one is what makes nodes be replaced. modules/images makes the repositories."
  type = object({
    hub   = string
    node  = string
    agent = string
  })

  validation {
    condition = alltrue([
      for image in [var.images.hub, var.images.node, var.images.agent] :
      can(regex("^[a-z0-9][a-zA-Z0-9./:_-]*(:[a-zA-Z0-9_.-]+|@sha256:[0-9a-f]{64})$", image)) && !endswith(image, ":latest")
    ])
    error_message = "Each of images needs a tag of its own (…/hub:2026-11-26) or a digest (…@sha256:…), not :latest: with a tag that moves, no one knows what a node runs, and a new image would not replace the nodes."
  }
}

variable "instance_types" {
  description = "Instance types of nodes, all of about the same size: slots_per_node is the same for each. The more there are, the more often spot capacity is to be had. null: seven or eight types of two vCPUs of the architecture."
  type        = list(string)
  default     = null

  validation {
    condition     = var.instance_types == null ? true : length(var.instance_types) >= 1 && length(var.instance_types) <= 40 && length(distinct(var.instance_types)) == length(var.instance_types)
    error_message = "instance_types names 1 to 40 types, each once."
  }
}

variable "slots_per_node" {
  description = "Browser sessions at once on a node. One a core is what a page that renders needs."
  type        = number
  default     = 2

  validation {
    condition     = var.slots_per_node >= 1 && var.slots_per_node <= 64 && floor(var.slots_per_node) == var.slots_per_node
    error_message = "slots_per_node is a whole number from 1 to 64."
  }
}

variable "spot" {
  description = "How much of each group is on demand: the first base_on_demand nodes, and percent_on_demand of the rest. All else is spot."
  type = object({
    base_on_demand    = optional(number, 0)
    percent_on_demand = optional(number, 0)
  })
  default = {}

  validation {
    condition     = var.spot.base_on_demand >= 0 && var.spot.percent_on_demand >= 0 && var.spot.percent_on_demand <= 100
    error_message = "spot.base_on_demand is a number of nodes from 0, spot.percent_on_demand is 0 (all spot) to 100 (no spot)."
  }
}

variable "hub_instance_type" {
  description = "Instance type of hubs. A hub creates as many sessions at once as it has cores. null: c6i.large, or c7g.large for arm64."
  type        = string
  default     = null
}

variable "architecture" {
  description = "x86_64 or arm64 (Graviton costs about a fifth less; images have to be built on such a machine, and instance types be of it)."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture is x86_64 or arm64."
  }
}

variable "ami_release" {
  description = "Any text, such as a date: another one takes the newest Amazon Linux 2023, which replaces hubs and refreshes nodes. Left alone, so is the AMI of the last apply with another one. Drain the fleet before (docs/aws.md)."
  type        = string
  default     = ""
}

variable "ami_id" {
  description = "AMI of hubs and nodes, with dnf, the AWS CLI and the SSM agent. null: the newest Amazon Linux 2023 when ami_release last changed."
  type        = string
  default     = null

  validation {
    condition     = var.ami_id == null ? true : startswith(var.ami_id, "ami-")
    error_message = "ami_id is an AMI's id, such as ami-0123456789abcdef0, or null for the newest Amazon Linux 2023."
  }
}

variable "disk_gib" {
  description = "Size of each machine's encrypted gp3 disk in GiB. System and images take 6 GiB; what browsers write is in memory."
  type        = number
  default     = 20

  validation {
    condition     = var.disk_gib >= 10 && var.disk_gib <= 1000
    error_message = "disk_gib is 10 to 1000: the system and the images alone take 6."
  }
}

variable "drain_timeout_s" {
  description = "Seconds that a node may take to finish its sessions when it is scaled in. A spot interruption leaves it two minutes, whatever this says."
  type        = number
  default     = 600

  validation {
    condition     = var.drain_timeout_s >= 60 && var.drain_timeout_s <= 7200
    error_message = "drain_timeout_s is 60 to 7200: a visit is over in half a minute, and what waits is paid for."
  }
}

# --- network ------------------------------------------------------------------------------------------------------

variable "vpc" {
  description = "The VPC that is made when existing_vpc is null. one_nat_gateway: one for all zones (33 USD per month each, and a zone that fails takes the way out with it)."
  type = object({
    cidr            = optional(string, "10.0.0.0/16")
    zones           = optional(number, 2)
    one_nat_gateway = optional(bool, true)
  })
  default = {}

  validation {
    condition     = can(cidrsubnet(var.vpc.cidr, 8, 0)) && try(tonumber(split("/", var.vpc.cidr)[1]), 32) <= 20 && var.vpc.zones >= 1 && var.vpc.zones <= 6
    error_message = "vpc.cidr is an IPv4 network of /16 to /20, such as 10.0.0.0/16, and vpc.zones is 1 to 6."
  }
}

variable "existing_vpc" {
  description = "A VPC that is there already, with private subnets that reach the internet (NAT or a proxy that is transparent). null: one is made."
  type = object({
    id                 = string
    private_subnet_ids = list(string)
  })
  default = null

  validation {
    condition     = var.existing_vpc == null ? true : startswith(var.existing_vpc.id, "vpc-") && length(var.existing_vpc.private_subnet_ids) >= 1
    error_message = "existing_vpc needs an id (vpc-…) and at least one private subnet; two in different zones find spot capacity more often."
  }
}

variable "client_cidrs" {
  description = "Networks that reach the hubs (port 4444): where CI machines are. Whoever reaches a hub can drive browsers from your network."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.client_cidrs : can(cidrhost(cidr, 0)) && try(tonumber(split("/", cidr)[1]), 0) >= 8])
    error_message = "client_cidrs holds networks of /8 or smaller, such as 10.20.0.0/16. Even with a log-in (login_parameter) a grid is no service for the internet: open to 0.0.0.0/0, anyone with the password could browse from your network. For CI outside your network see docs/aws.md, \"CI outside the VPC\"."
  }
}

variable "client_security_group_ids" {
  description = "Security groups whose members reach the hubs (port 4444), such as that of your CI runners."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.client_security_group_ids : startswith(id, "sg-")])
    error_message = "client_security_group_ids holds ids of security groups, sg-…."
  }
}

variable "dns_servers" {
  description = "Networks of DNS servers that the VPC's DHCP options name, such as 10.1.0.2/32. Empty: the VPC's own resolver, which needs no rule."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.dns_servers : can(cidrhost(cidr, 0))])
    error_message = "dns_servers holds networks, such as 10.1.0.2/32."
  }
}

variable "additional_security_group_ids" {
  description = "Further security groups of every hub and node, such as that of a scanner."
  type        = list(string)
  default     = []
}

variable "flow_log_bucket_arn" {
  description = "Bucket for flow logs of the VPC that is made here. null: none are kept."
  type        = string
  default     = null
}

variable "site_ports" {
  description = "TCP ports that the sites under test are served on: nodes reach these, and no others, outside."
  type        = list(number)
  default     = [80, 443]

  validation {
    condition     = alltrue([for port in var.site_ports : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "site_ports holds TCP ports, 1 to 65535."
  }
}

variable "ci_port_forwarding" {
  description = "Let the CI policy open Session Manager port forwarding to the hubs, for CI machines outside the VPC."
  type        = bool
  default     = false
}

# --- access -------------------------------------------------------------------------------------------------------

variable "login_parameter" {
  description = "SSM parameter (SecureString) that holds USER:PASSWORD of the grid. You make it; machines read it at boot, gridrunner when it runs. null: whoever reaches a hub may use it."
  type        = string
  default     = null
}

variable "tls" {
  description = "SSM parameters that hold the hubs' certificate (PEM, String; its authority's after it) and its key (SecureString). gridrunner checks it with --hub-ca; it has to name the hubs' addresses. null: http."
  type = object({
    certificate_parameter = string
    key_parameter         = string
  })
  default = null
}

variable "kms_key_arn" {
  description = "Key of your own for bucket, logs and disks. Its policy has to let CloudWatch Logs and the service-linked role of Auto Scaling use it. null: AWS' keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a key, arn:aws:kms:…."
  }
}

variable "access_log_bucket" {
  description = "Bucket of yours for the access log of the fleet's. null: none is kept."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles of hubs and nodes."
  type        = string
  default     = null
}

variable "iam_path" {
  description = "Path of roles, instance profiles and the CI policy."
  type        = string
  default     = "/"
}

variable "additional_policy_arns" {
  description = "Further policies of hubs and nodes, such as that of a security agent."
  type        = list(string)
  default     = []
}

variable "user_data" {
  description = "Shell lines of yours on every hub and node: before Docker is installed (a proxy, a mirror), and after the containers were started."
  type = object({
    before = optional(string, "")
    after  = optional(string, "")
  })
  default = {}
}

variable "hub_environment" {
  description = "Further variables of the hub's container (docs/images.md). No secrets: they are in the user data."
  type        = map(string)
  default     = {}
}

variable "node_environment" {
  description = "Further variables of the node's container (docs/images.md), such as SE_NODE_SESSION_TIMEOUT. No secrets: they are in the user data."
  type        = map(string)
  default     = {}
}

variable "alarm_topic_arns" {
  description = "SNS topics that hear of hubs that are restarted, and of fleets that are taken down because nothing used them."
  type        = list(string)
  default     = []
}

# --- budget -------------------------------------------------------------------------------------------------------

variable "idle_minutes" {
  description = "Minutes without session or queue after which a hub's nodes are taken down to min_nodes_per_hub, whether CI lives or not."
  type        = number
  default     = 20

  validation {
    condition     = var.idle_minutes >= 10 && var.idle_minutes <= 1440 && floor(var.idle_minutes) == var.idle_minutes
    error_message = "idle_minutes is 10 to 1440: new nodes need about three minutes before they can have a session, and must not be taken for idle ones."
  }
}

variable "hubs_sleep_minutes" {
  description = "Minutes without lease, node, session and queue after which a hub stops its own instance; runs with --scale and `gridrunner grid` start it again, which takes about a minute. Only with --fleet: clients that know nothing but a hub's URL do not wake it. null: hubs never sleep."
  type        = number
  default     = null

  validation {
    condition     = var.hubs_sleep_minutes == null ? true : var.hubs_sleep_minutes >= 10
    error_message = "hubs_sleep_minutes is 10 or more, or null: a hub that was started must not go to sleep before its first node is there."
  }
}

variable "stop_schedule" {
  description = "Cron expression and time zone at which the nodes go down to min_nodes_per_hub, busy or not, such as { cron = \"0 20 * * *\", time_zone = \"Europe/Berlin\" }. null: never."
  type = object({
    cron      = string
    time_zone = optional(string, "Etc/UTC")
  })
  default = null

  validation {
    condition     = var.stop_schedule == null ? true : length(split(" ", trimspace(var.stop_schedule.cron))) == 5
    error_message = "stop_schedule.cron has five fields: minute, hour, day, month, weekday, such as \"0 20 * * *\"."
  }
}

# --- what is kept -------------------------------------------------------------------------------------------------

variable "bucket_name" {
  description = "Name of the bucket for shards, history and leases. null: NAME-ACCOUNT-REGION."
  type        = string
  default     = null
}

variable "bucket_is_disposable" {
  description = "Let terraform destroy delete the bucket with everything in it. With false it refuses while something is in it."
  type        = bool
  default     = false
}

variable "runs_kept_days" {
  description = "Days after which a run's folder (runs/) is deleted. The history stays."
  type        = number
  default     = 90

  validation {
    condition     = var.runs_kept_days >= 1 && floor(var.runs_kept_days) == var.runs_kept_days
    error_message = "runs_kept_days is a whole number of days from 1."
  }
}

variable "logs_kept_days" {
  description = "Days that logs of containers and events are kept; one of the numbers that CloudWatch Logs knows. Taking them in is what costs (0.50 USD per GB); a year of keeping them adds 0.36."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653], var.logs_kept_days)
    error_message = "logs_kept_days is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827 or 3653."
  }
}

variable "logs_spot_events" {
  description = "Log spot interruptions and rebalance recommendations. AWS names no fleet in them: those of the whole account and region are logged."
  type        = bool
  default     = true
}

variable "makes_log_policy" {
  description = "Make the policy by which EventBridge writes to the log group of events. A region has room for ten: with more fleets, make one for log-group:/aws/events/* yourself and say false."
  type        = bool
  default     = true
}
