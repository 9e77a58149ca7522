import type { z } from 'zod'
import type { StageOutcome } from './stage.ts'

/** The answer in its schema's shape, or the refusal that names each wrong field. */
export function parseAnswer<T>(schema: z.ZodType<T>, answer: unknown): { value: T } | { refusal: StageOutcome } {
  const parsed = schema.safeParse(answer ?? {})
  if (parsed.success) return { value: parsed.data }
  const errors: Record<string, Array<{ string: string; code: string }>> = {}
  for (const issue of parsed.error.issues) {
    const field = issue.path.length > 0 ? String(issue.path[0]) : 'non_field_errors'
    const code =
      issue.code === 'too_small'
        ? 'blank'
        : issue.input === undefined && issue.code === 'invalid_type'
          ? 'required'
          : 'invalid'
    errors[field] = [...(errors[field] ?? []), { string: issue.message, code }]
  }
  return { refusal: { kind: 'invalid', errors } }
}
