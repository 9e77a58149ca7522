/** Whether an account may be used at all. */
export type ActiveStatus = { readonly kind: 'active' } | { readonly kind: 'inactive'; readonly reason: string }

/** The one gate for deactivated users, on every protocol: nothing is issued to, or accepted from, an inactive one. */
export function activeStatus(user: { readonly isActive: boolean }): ActiveStatus {
  return user.isActive ? { kind: 'active' } : { kind: 'inactive', reason: 'the user is deactivated' }
}
