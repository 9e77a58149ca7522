import type { OutpostKind } from '#outposts/kind.ts'
import { RadiusServer } from './radius-server.ts'

export const kind: OutpostKind = { type: 'radius', create: (host) => new RadiusServer(host) }
