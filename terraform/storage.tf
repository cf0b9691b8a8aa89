# The bucket: runs/<plan or pipeline>/<shard>/…, history/history.sqlite, and fleet/NAME/ with the book of leases and what
# gridrunner reads of the fleet.

locals {
  bucket_name = coalesce(var.bucket_name, "${var.name}-${local.account}-${local.region}")
}

#trivy:ignore:AWS-0089 access_log_bucket sets a bucket of yours for it; the module makes no second one
resource "aws_s3_bucket" "runs" {
  #checkov:skip=CKV_AWS_144:Runs can be repeated: a copy in another region costs more than a new run.
  #checkov:skip=CKV2_AWS_62:Nothing waits for objects: shards are merged when CI says so.
  bucket        = local.bucket_name
  force_destroy = var.bucket_is_disposable
  tags          = local.tags
}

resource "aws_s3_bucket_public_access_block" "runs" {
  bucket                  = aws_s3_bucket.runs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "runs" {
  bucket = aws_s3_bucket.runs.id

  versioning_configuration {
    status = "Enabled"
  }
}

#trivy:ignore:AWS-0132 kms_key_arn sets a key of your own; without it, S3's encrypts
resource "aws_s3_bucket_server_side_encryption_configuration" "runs" {
  bucket = aws_s3_bucket.runs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }

    bucket_key_enabled = var.kms_key_arn != null # one call of KMS for many objects
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "runs" {
  bucket     = aws_s3_bucket.runs.id
  depends_on = [aws_s3_bucket_versioning.runs]

  rule {
    id     = "runs-end"
    status = "Enabled"

    filter {
      prefix = "runs/"
    }

    expiration {
      days = var.runs_kept_days
    }
  }

  rule {
    id     = "old-versions-and-broken-uploads-end"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.runs.arn, "${aws_s3_bucket.runs.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "runs" {
  bucket     = aws_s3_bucket.runs.id
  policy     = data.aws_iam_policy_document.bucket.json
  depends_on = [aws_s3_bucket_public_access_block.runs]
}

resource "aws_s3_bucket_logging" "runs" {
  count         = var.access_log_bucket == null ? 0 : 1
  bucket        = aws_s3_bucket.runs.id
  target_bucket = var.access_log_bucket
  target_prefix = "${var.name}/"
}

# What `terraform output -json gridrunner` prints, for those who have the bucket's name and not this state:
# --fleet s3://BUCKET/fleet/NAME/fleet.json. An SSM parameter holds 8 KB; a hundred hubs have 20.
resource "aws_s3_object" "fleet" {
  bucket       = aws_s3_bucket.runs.id
  key          = "fleet/${var.name}/fleet.json"
  content      = jsonencode(local.fleet)
  content_type = "application/json"
  tags         = local.tags
}
