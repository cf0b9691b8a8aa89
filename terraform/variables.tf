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
  description = "Instance types of nodes, all of about the same size: slots_per_node is the same for each. The more there are, the more often spot capacity is to be had."
  type        = list(string)
  default     = ["c6i.large", "c5.large", "c6a.large", "c5a.large", "m6i.large", "m5.large", "m6a.large", "m5a.large"]

  validation {
    condition     = length(var.instance_types) >= 1 && length(var.instance_types) <= 40 && length(distinct(var.instance_types)) == length(var.instance_types)
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

variable "warm_pool" {
  description = "Stopped nodes in waiting, which start in half the time and cost their disk. null: none. EC2 keeps none for groups with spot or several types: set spot = { percent_on_demand = 100 } as well, and the first of instance_types is used."
  type = object({
    min_size         = optional(number, 0)
    max_prepared     = optional(number)
    reuse_on_scalein = optional(bool, false)
  })
  default = null
}

variable "hub_instance_type" {
  description = "Instance type of hubs. A hub creates as many sessions at once as it has cores."
  type        = string
  default     = "c6i.large"
}

variable "ami_id" {
  description = "AMI of hubs and nodes, with dnf, the AWS CLI and the SSM agent. null: the newest Amazon Linux 2023 for x86_64."
  type        = string
  default     = null

  validation {
    condition     = var.ami_id == null ? true : startswith(var.ami_id, "ami-")
    error_message = "ami_id is an AMI's id, such as ami-0123456789abcdef0, or null for the newest Amazon Linux 2023."
  }
}

variable "disk_gib" {
  description = "Size of each machine's encrypted gp3 disk in GiB. Images take 3 GiB, browsers' profiles and downloads the rest."
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
    error_message = "client_cidrs holds networks of /8 or smaller, such as 10.20.0.0/16. A grid has no log-in of its own: open to 0.0.0.0/0, anyone could browse from your network. For CI outside your network see docs/aws.md, \"CI outside the VPC\"."
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
  description = "Name of the bucket for shards, history and reports. null: NAME-ACCOUNT-REGION."
  type        = string
  default     = null
}

variable "bucket_is_disposable" {
  description = "Let terraform destroy delete the bucket with everything in it. With false it refuses while something is in it."
  type        = bool
  default     = false
}

variable "runs_kept_days" {
  description = "Days after which a run's folder (runs/) and its report (reports/) are deleted. The history stays."
  type        = number
  default     = 90

  validation {
    condition     = var.runs_kept_days >= 1 && floor(var.runs_kept_days) == var.runs_kept_days
    error_message = "runs_kept_days is a whole number of days from 1."
  }
}

variable "logs_kept_days" {
  description = "Days that logs of containers and events are kept; one of the numbers that CloudWatch Logs knows."
  type        = number
  default     = 30

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
