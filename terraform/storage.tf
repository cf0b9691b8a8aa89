# The bucket: runs/<plan or pipeline>/<shard>/…, history/history.sqlite, reports/….

locals {
  bucket_name = coalesce(var.bucket_name, "${var.name}-${local.account}-${local.region}")
}

#trivy:ignore:AWS-0089 no access log, for the reason above
resource "aws_s3_bucket" "runs" {
  #checkov:skip=CKV_AWS_18:An access log needs a second bucket; CloudTrail's data events serve who must know.
  #checkov:skip=CKV_AWS_144:Runs can be repeated: a copy in another region costs more than a new run.
  #checkov:skip=CKV_AWS_145:Encrypted with S3's key. One of your own costs 1 USD per month and a call for each object, and keeps no one out who may read the bucket.
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

#trivy:ignore:AWS-0132 encrypted with S3's key, for the reason above
resource "aws_s3_bucket_server_side_encryption_configuration" "runs" {
  bucket = aws_s3_bucket.runs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "runs" {
  bucket     = aws_s3_bucket.runs.id
  depends_on = [aws_s3_bucket_versioning.runs]

  dynamic "rule" {
    for_each = toset(["runs", "reports"])

    content {
      id     = "${rule.value}-end"
      status = "Enabled"

      filter {
        prefix = "${rule.value}/"
      }

      expiration {
        days = var.runs_kept_days
      }
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
