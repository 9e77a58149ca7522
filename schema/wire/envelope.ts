import { z } from 'zod'

const envelope = z.object({
  instruction: z.number().int(),
  args: z.record(z.string(), z.unknown()).default({}),
})

/** A message of the outpost link, before anybody has looked at its arguments. */
export type Envelope = z.infer<typeof envelope>

/** The message in a frame of text; undefined when it is none of this protocol. An instruction may be unknown. */
export function parseMessage(text: string): Envelope | undefined {
  try {
    return envelope.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The text of the frame that carries a message. */
export const messageText = (instruction: number, args: object): string => JSON.stringify({ instruction, args })
