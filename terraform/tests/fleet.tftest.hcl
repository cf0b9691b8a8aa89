# The module's logic, with a provider that makes things up: no AWS, no stand-in. The real provider is in tests/terraform.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
  mock_data "aws_ec2_instance_type_offerings" {
    defaults = { locations = ["eu-central-1a", "eu-central-1c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "ami-0123456789abcdef0" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_network_interface" {
    defaults = { private_ip = "10.0.32.10" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 7 }
  }
  mock_resource "aws_iam_instance_profile" {
    defaults = { arn = "arn:aws:iam::123456789012:instance-profile/gridrunner-node" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/gridrunner/containers" }
  }
  mock_resource "aws_autoscaling_policy" {
    defaults = { arn = "arn:aws:autoscaling:eu-central-1:123456789012:scalingPolicy:0:autoScalingGroupName/g:policyName/p" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/gridrunner-spot" }
  }
}

variables {
  client_cidrs = ["10.20.0.0/16"]
  images = {
    hub   = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/gridrunner/hub:1"
    node  = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/gridrunner/node-chrome:1"
    agent = "registry.example/gridrunner/agent:1"
  }
}

run "one_hub_from_zero" {
  assert {
    condition     = aws_autoscaling_group.nodes["1"].min_size == 0 && aws_autoscaling_group.nodes["1"].max_size == 20
    error_message = "a fleet begins at zero nodes"
  }
  assert {
    condition     = one(aws_autoscaling_group.nodes["1"].mixed_instances_policy[0].instances_distribution).on_demand_percentage_above_base_capacity == 0 && aws_autoscaling_group.nodes["1"].capacity_rebalance
    error_message = "nodes are spot unless told otherwise, and replaced before they are taken away"
  }
  assert {
    condition     = one(aws_launch_template.node["1"].metadata_options).http_tokens == "required" && one(aws_launch_template.node["1"].metadata_options).http_put_response_hop_limit == 1
    error_message = "metadata only with a token, and out of the containers' reach"
  }
  assert {
    condition     = aws_launch_template.node["1"].network_interfaces[0].associate_public_ip_address == "false" && aws_launch_template.node["1"].block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "no public address, an encrypted disk"
  }
  assert {
    condition     = strcontains(base64decode(aws_launch_template.node["1"].user_data), "SE_EVENT_BUS_HOST=10.0.32.10") && strcontains(base64decode(aws_launch_template.node["1"].user_data), "GRIDRUNNER_AGENT_HUB_URL=http://10.0.32.10:4444")
    error_message = "nodes and their agents know their hub's address"
  }
  assert {
    condition     = strcontains(aws_instance.hub["1"].user_data, "ssm put-parameter") && !strcontains(base64decode(aws_launch_template.node["1"].user_data), "put-parameter")
    error_message = "the hub makes the registration secret, a node only reads it"
  }
  assert {
    condition     = length(aws_launch_template.node["1"].user_data) < 16384 * 4 / 3
    error_message = "user data has at most 16 KiB"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.idle["1"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.idle["1"].evaluation_periods == 20 && aws_autoscaling_policy.to_minimum["1"].scaling_adjustment == 0
    error_message = "a hub that says nothing counts as idle, and idle nodes go down to the minimum"
  }
  assert {
    condition     = local.ecr_repository_arns == tolist(["arn:aws:ecr:eu-central-1:123456789012:repository/gridrunner/hub", "arn:aws:ecr:eu-central-1:123456789012:repository/gridrunner/node-chrome"]) && local.ecr_registries == tolist(["123456789012.dkr.ecr.eu-central-1.amazonaws.com"])
    error_message = "machines may pull their own images from ECR, and only those"
  }
  assert {
    condition     = output.gridrunner.hubs[0].url == "http://10.0.32.10:4444" && output.gridrunner.hubs[0].nodes_asg == "gridrunner-nodes-1" && output.gridrunner.format == 1
    error_message = "what gridrunner reads names the hub's address and its group"
  }
  assert {
    condition     = length(aws_autoscaling_schedule.stop) == 0 && length(aws_nat_gateway.exit) == 1 && length(aws_subnet.private) == 2
    error_message = "no schedule, one way out, two zones unless told otherwise"
  }
}

run "nodes_are_spread_over_hubs" {
  command = plan
  variables {
    hubs              = 3
    max_nodes_per_hub = 60
    nodes             = 20
  }
  assert {
    condition     = [for key in ["1", "2", "3"] : aws_autoscaling_group.nodes[key].desired_capacity] == [7, 7, 6]
    error_message = "20 nodes on three hubs are 7, 7 and 6"
  }
  assert {
    condition     = length(aws_network_interface.hub) == 3 && length(aws_vpc_security_group_ingress_rule.nodes_from_hub) == 3
    error_message = "each hub has an address, and its nodes are reached from it alone"
  }
}

run "a_floor_that_is_kept" {
  command = plan
  variables {
    min_nodes_per_hub = 2
    spot              = { base_on_demand = 1, percent_on_demand = 25 }
    stop_schedule     = { cron = "0 20 * * *", time_zone = "Europe/Berlin" }
  }
  assert {
    condition     = aws_autoscaling_policy.to_minimum["1"].scaling_adjustment == 2 && aws_autoscaling_schedule.stop["1"].desired_capacity == 2
    error_message = "guard and schedule respect the minimum"
  }
  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.idle["1"].metric_query : query.expression if query.id == "idle"]) == "IF((FILL(wanted, 0) > 2) AND ((FILL(sessions, 0) + FILL(queue, 0)) < 1), 1, 0)"
    error_message = "a fleet at its minimum is in no alarm"
  }
}

run "hubs_that_sleep_may_be_woken_and_are_not_restarted_for_it" {
  command = plan
  variables {
    hubs_sleep_minutes = 30
    alarm_topic_arns   = ["arn:aws:sns:eu-central-1:123456789012:people"]
  }
  assert {
    condition     = strcontains(aws_instance.hub["1"].user_data, "GRIDRUNNER_AGENT_SLEEP_MINUTES=30") && output.gridrunner.hubs_sleep
    error_message = "the hub's agent stops it, and gridrunner knows that it may have to be started"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.hub["1 answers"].treat_missing_data == "notBreaching" && length(aws_cloudwatch_metric_alarm.hub["1 answers"].alarm_actions) == 2
    error_message = "a hub that sleeps says nothing; people hear of one that hangs"
  }
}

run "a_log_in_a_certificate_and_keys_of_ones_own" {
  command = plan
  variables {
    login_parameter          = "/team/grid-login"
    tls                      = { certificate_parameter = "/team/grid.crt", key_parameter = "/team/grid.key" }
    kms_key_arn              = "arn:aws:kms:eu-central-1:123456789012:key/k"
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    additional_policy_arns   = ["arn:aws:iam::123456789012:policy/scanner"]
    dns_servers              = ["10.1.0.2/32"]
    node_environment         = { SE_NODE_SESSION_TIMEOUT = "120" }
    user_data                = { before = "echo before", after = "echo after" }
  }
  assert {
    condition     = output.gridrunner.hubs[0].url == "https://10.0.32.10:4444" && output.gridrunner.login_parameter == "/team/grid-login"
    error_message = "gridrunner is told how the grid is entered"
  }
  assert {
    condition     = strcontains(aws_instance.hub["1"].user_data, "SE_ENABLE_TLS=true") && strcontains(aws_instance.hub["1"].user_data, "--name /team/grid.key") && !strcontains(base64decode(aws_launch_template.node["1"].user_data), "grid.key")
    error_message = "the hub alone has the key"
  }
  assert {
    condition     = strcontains(base64decode(aws_launch_template.node["1"].user_data), "--env SE_NODE_SESSION_TIMEOUT=120") && endswith(trimspace(base64decode(aws_launch_template.node["1"].user_data)), "echo after")
    error_message = "variables and lines of one's own are there"
  }
  assert {
    condition     = aws_cloudwatch_log_group.containers.kms_key_id == var.kms_key_arn && aws_instance.hub["1"].root_block_device[0].kms_key_id == var.kms_key_arn && aws_iam_role.node.permissions_boundary == var.permissions_boundary_arn
    error_message = "the key and the boundary are everywhere"
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.nodes_to_dns) == 2 && length(aws_iam_role_policy_attachment.additional) == 2
    error_message = "names by udp and tcp; a policy for each role"
  }
}

run "graviton" {
  command = plan
  variables {
    architecture = "arm64"
  }
  assert {
    condition     = aws_instance.hub["1"].instance_type == "c7g.large" && output.gridrunner.instance_types[0] == "c7g.large" && endswith(data.aws_ssm_parameter.ami[0].name, "-arm64")
    error_message = "types and system are of one architecture"
  }
}

run "an_existing_vpc_is_left_as_it_is" {
  command = plan
  variables {
    existing_vpc              = { id = "vpc-0123456789abcdef0", private_subnet_ids = ["subnet-1", "subnet-2"] }
    client_cidrs              = []
    client_security_group_ids = ["sg-0123456789abcdef0"]
  }
  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.public) + length(aws_nat_gateway.exit) + length(aws_vpc_endpoint.s3) == 0
    error_message = "nothing is made in a network that is somebody else's"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.hub_from_client["1 sg-0123456789abcdef0"].referenced_security_group_id == "sg-0123456789abcdef0"
    error_message = "the runners' security group reaches the hub"
  }
}

run "refuses_61_nodes_a_hub" {
  command = plan
  variables {
    max_nodes_per_hub = 61
  }
  expect_failures = [var.max_nodes_per_hub]
}

run "refuses_a_grid_open_to_all" {
  command = plan
  variables {
    client_cidrs = ["10.0.0.0/8", "0.0.0.0/0"]
  }
  expect_failures = [var.client_cidrs]
}

run "refuses_a_minimum_over_the_maximum" {
  command = plan
  variables {
    min_nodes_per_hub = 21
  }
  expect_failures = [aws_autoscaling_group.nodes]
}

run "refuses_more_nodes_than_hubs_carry" {
  command = plan
  variables {
    nodes = 21
  }
  expect_failures = [aws_autoscaling_group.nodes]
}

run "refuses_a_fleet_that_nobody_reaches" {
  command = plan
  variables {
    client_cidrs = []
  }
  expect_failures = [aws_autoscaling_group.nodes]
}

run "refuses_a_tag_that_moves" {
  command = plan
  variables {
    images = { hub = "hub:latest", node = "node:1", agent = "agent:1" }
  }
  expect_failures = [var.images]
}

run "refuses_a_guard_that_kills_what_boots" {
  command = plan
  variables {
    idle_minutes = 2
  }
  expect_failures = [var.idle_minutes]
}
