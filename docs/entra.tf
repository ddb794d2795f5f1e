# Steps 1 to 4 of SETUP.md as Terraform: registration, permissions, consent, groups.
#
#   az login --tenant <tenant id> --allow-no-subscriptions
#   terraform init
#   terraform apply -var tenant_id=<tenant id>
#   terraform output -raw configuration
#
# Who applies it needs the roles Cloud Application Administrator and Groups Administrator, and Privileged Role
# Administrator as well where group_lookup is true. The application secret is not made here: Terraform would keep it
# readable in its state (step 5 of SETUP.md).

terraform {
  required_version = ">= 1.3"

  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.0"
    }
  }
}

variable "tenant_id" {
  description = "Directory (tenant) ID, from Entra ID > Overview."
  type        = string
}

variable "cloud" {
  description = "Which Microsoft cloud, by the name that Latchkey's configuration has for it."
  type        = string
  default     = "global"

  validation {
    condition     = contains(["global", "us-government", "us-government-dod", "china"], var.cloud)
    error_message = "Choose global, us-government, us-government-dod or china."
  }
}

variable "application_name" {
  description = "People see this name when they sign in."
  type        = string
  default     = "Latchkey"
}

variable "groups" {
  description = "A group for each database role: name and description. Members are added in the portal or elsewhere."
  type        = map(string)
  default = {
    "Sales analysts" = "May read the sales database through Latchkey"
  }
}

variable "group_lookup" {
  description = "Adds the application permissions for group look-ups with an application secret."
  type        = bool
  default     = false
}

locals {
  # The same in every tenant and cloud.
  graph_application_id = "00000003-0000-0000-c000-000000000000"

  delegated   = ["User.Read", "GroupMember.Read.All", "User.ReadBasic.All"]
  application = var.group_lookup ? ["GroupMember.Read.All", "User.Read.All"] : []

  clouds = {
    global            = { environment = "global", login = "https://login.microsoftonline.com" }
    us-government     = { environment = "usgovernmentl4", login = "https://login.microsoftonline.us" }
    us-government-dod = { environment = "usgovernmentl5", login = "https://login.microsoftonline.us" }
    china             = { environment = "china", login = "https://login.partner.microsoftonline.cn" }
  }
}

provider "azuread" {
  tenant_id   = var.tenant_id
  environment = local.clouds[var.cloud].environment
}

data "azuread_client_config" "current" {}

data "azuread_service_principal" "graph" {
  client_id = local.graph_application_id
}

resource "azuread_application" "latchkey" {
  display_name            = var.application_name
  owners                  = [data.azuread_client_config.current.object_id]
  prevent_duplicate_names = true
  sign_in_audience        = "AzureADMyOrg"

  # "Allow public client flows": without it a device code ends in AADSTS7000218.
  fallback_public_client_enabled = true

  # Of this address Entra ID ignores the port. Under "web" the browser sign-in would need a secret.
  public_client {
    redirect_uris = ["http://localhost"]
  }

  required_resource_access {
    resource_app_id = local.graph_application_id

    dynamic "resource_access" {
      for_each = toset(local.delegated)
      content {
        id   = data.azuread_service_principal.graph.oauth2_permission_scope_ids[resource_access.value]
        type = "Scope"
      }
    }

    dynamic "resource_access" {
      for_each = toset(local.application)
      content {
        id   = data.azuread_service_principal.graph.app_role_ids[resource_access.value]
        type = "Role"
      }
    }
  }
}

resource "azuread_service_principal" "latchkey" {
  client_id = azuread_application.latchkey.client_id
  owners    = [data.azuread_client_config.current.object_id]
}

# Consent of the administrator, for everybody.
resource "azuread_service_principal_delegated_permission_grant" "graph" {
  service_principal_object_id          = azuread_service_principal.latchkey.object_id
  resource_service_principal_object_id = data.azuread_service_principal.graph.object_id
  claim_values                         = local.delegated
}

resource "azuread_app_role_assignment" "graph" {
  for_each = toset(local.application)

  app_role_id         = data.azuread_service_principal.graph.app_role_ids[each.value]
  principal_object_id = azuread_service_principal.latchkey.object_id
  resource_object_id  = data.azuread_service_principal.graph.object_id
}

resource "azuread_group" "role" {
  for_each = var.groups

  display_name            = each.key
  description             = each.value
  owners                  = [data.azuread_client_config.current.object_id]
  prevent_duplicate_names = true
  security_enabled        = true
}

output "application_id" {
  value = azuread_application.latchkey.client_id
}

output "group_ids" {
  description = "For \"group\" in the rules of the configuration."
  value       = { for name, group in azuread_group.role : name => group.object_id }
}

output "configuration" {
  description = "The beginning of latchkey.yaml."
  value = yamlencode({
    providers = [{
      name          = "entra"
      type          = "azure-directory"
      cloud         = var.cloud
      authority     = "${local.clouds[var.cloud].login}/${var.tenant_id}"
      applicationId = azuread_application.latchkey.client_id
    }]
  })
}
