#!/usr/bin/env bash
# Steps 1 to 4 of SETUP.md with the Azure CLI: registration, permissions, consent, groups. Prints the beginning of
# latchkey.yaml. Running it again changes what is there and makes nothing twice.
#
#   az login --tenant <tenant id> --allow-no-subscriptions
#   ./entra.sh --group "Sales analysts" --group "Sales owners"
#
# Whoever runs it needs the roles Cloud Application Administrator and Groups Administrator, and Privileged Role
# Administrator as well for --group-lookup. In a national cloud, run "az cloud set" before "az login".
# Without -u: the bash 3.2 of macOS takes an empty array for an unset one.
set -eo pipefail

usage() {
  cat <<'TEXT'
entra.sh [--name NAME] [--group NAME]... [--group-lookup]

  --name NAME      name of the application, which people see when they sign in (Latchkey)
  --group NAME     makes a security group, or finds the one of this name; once for each database role
  --group-lookup   adds the application permissions for group look-ups with an application secret
TEXT
}

name=Latchkey
groups=()
group_lookup=false
while (($# > 0)); do
  case $1 in
    --name) name=${2:?--name needs a value} && shift 2 ;;
    --group) groups+=("${2:?--group needs a value}") && shift 2 ;;
    --group-lookup) group_lookup=true && shift ;;
    --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done

# Application id of Microsoft Graph, the same in every tenant and cloud.
graph=00000003-0000-0000-c000-000000000000
delegated=(User.Read GroupMember.Read.All User.ReadBasic.All)
application=()
if $group_lookup; then application=(GroupMember.Read.All User.Read.All); fi

say() { printf '%s\n' "$*" >&2; }
fail() { say "entra.sh: $*" && exit 1; }

# What has just been made is not known everywhere at once.
patiently() {
  local try
  for try in 1 2 3 4 5; do
    if "$@"; then return; fi
    if ((try < 5)); then sleep 6; fi
  done
  fail "gave up after five tries: $*"
}

command -v az >/dev/null || fail 'the Azure CLI is missing'
tenant=$(az account show --query tenantId --output tsv) || fail 'sign in first: az login --tenant <tenant id> --allow-no-subscriptions'
azure_cloud=$(az cloud show --query name --output tsv)
case $azure_cloud in
  AzureCloud) cloud=global login=https://login.microsoftonline.com ;;
  AzureUSGovernment) cloud=us-government login=https://login.microsoftonline.us ;;
  AzureChinaCloud) cloud=china login=https://login.partner.microsoftonline.cn ;;
  *) fail "the cloud $azure_cloud is unknown" ;;
esac
graph_url=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
graph_url=${graph_url%/}/v1.0

# Id of a permission of Microsoft Graph, by its list (oauth2PermissionScopes or appRoles) and name.
permission_id() {
  local id
  id=$(az ad sp show --id "$graph" --query "$1[?value=='$2'].id | [0]" --output tsv)
  [[ -n $id ]] || fail "Microsoft Graph has no permission $2"
  printf '%s' "$id"
}

say "Tenant $tenant, cloud $cloud"

access=()
for permission in "${delegated[@]}"; do
  id=$(permission_id oauth2PermissionScopes "$permission")
  access+=("{\"id\": \"$id\", \"type\": \"Scope\"}")
done
for permission in "${application[@]}"; do
  id=$(permission_id appRoles "$permission")
  access+=("{\"id\": \"$id\", \"type\": \"Role\"}")
done
required=$(IFS=,; printf '[{"resourceAppId": "%s", "resourceAccess": [%s]}]' "$graph" "${access[*]}")

# A public client may use device codes; of http://localhost Entra ID ignores the port.
application_id=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg \
  --is-fallback-public-client true --public-client-redirect-uris http://localhost \
  --required-resource-accesses "$required" --query appId --output tsv)
say "Application $name: $application_id"

if ! az ad sp show --id "$application_id" --output none 2>/dev/null; then
  patiently az ad sp create --id "$application_id" --output none
fi

# Consent of the administrator, for everybody.
patiently az ad app permission grant --id "$application_id" --api "$graph" --scope "${delegated[@]}" --output none
say "Consent: ${delegated[*]}"

if $group_lookup; then
  principal=$(az ad sp show --id "$application_id" --query id --output tsv)
  resource=$(az ad sp show --id "$graph" --query id --output tsv)
  for permission in "${application[@]}"; do
    id=$(permission_id appRoles "$permission")
    assigned=$(az rest --method get --url "$graph_url/servicePrincipals/$principal/appRoleAssignments" \
      --query "value[?appRoleId=='$id'].id | [0]" --output tsv)
    if [[ -z $assigned ]]; then
      patiently az rest --method post --url "$graph_url/servicePrincipals/$principal/appRoleAssignments" \
        --body "{\"principalId\": \"$principal\", \"resourceId\": \"$resource\", \"appRoleId\": \"$id\"}" --output none
    fi
  done
  say "Application permissions: ${application[*]}"
fi

cat <<YAML
providers:
  - name: entra
    type: azure-directory
    cloud: $cloud
    authority: $login/$tenant
    applicationId: $application_id
YAML

for group in "${groups[@]}"; do
  nickname=$(printf '%s' "$group" | tr -cd '[:alnum:]')
  id=$(az ad group create --display-name "$group" --mail-nickname "${nickname:-latchkey}" --query id --output tsv)
  echo "# group $group: $id"
done
