import { z } from 'zod'

/** What was generated at a first start, by the name under which it is shown. */
export const GENERATED = {
  administratorPassword: 'akadmin password',
  administratorToken: 'akadmin API token',
  samplePassword: 'password of demo and guest',
  sampleRadiusSecret: 'RADIUS shared secret',
} as const

const generated = z.object({ name: z.string(), value: z.string() })
export type Generated = z.infer<typeof generated>

/** What a process of the fleet tells the one that supervises it, over IPC. */
export const processMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), generated: z.array(generated).default([]) }),
  z.object({ kind: z.literal('failed'), code: z.string().optional(), detail: z.string(), retryable: z.boolean() }),
])
export type ProcessMessage = z.input<typeof processMessage>
