import type { OutpostKind } from '#outposts/kind.ts'
import { ProxyServer } from './server/proxy-server.ts'

export const kind: OutpostKind = { type: 'proxy', create: (host) => new ProxyServer(host) }
