/** What the tokens are bound to whose checks are measured without a broker. */
export const binding = {
  sessionId: 's1',
  connection: 'sales',
  role: 'readonly',
  groupId: 'g',
  account: {
    provider: 'p',
    tenantId: 't',
    objectId: 'o',
    username: 'ada@fabrikam.example',
    displayName: 'Ada',
  },
  uid: 1000,
};
