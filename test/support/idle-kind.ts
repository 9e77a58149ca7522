import type { OutpostKind, ProtocolServer } from '#outposts/kind.ts'

/** A kind that serves nothing; what it does when it is told something can be given. */
export const idleKind = (type: OutpostKind['type'], told: Partial<ProtocolServer> = {}): OutpostKind => ({
  type,
  create: () => ({
    configure: async () => {},
    listen: async () => {},
    revoke: () => {},
    close: async () => {},
    ...told,
  }),
})
