import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { ROOT, sourceFiles } from './source-tree.ts'

const codesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!)

test('every error code is in the README, and every code in the README exists', () => {
  const raised = new Set(sourceFiles().flatMap(({ text }) => codesIn(text, /['"](MRT_[A-Z0-9_]+)['"]/g)))
  const documented = new Set(codesIn(readFileSync(join(ROOT, 'README.md'), 'utf8'), /`(MRT_[A-Z0-9_]+)`/g))
  assert.deepEqual([...raised].filter((code) => !documented.has(code)).sort(), [], 'not in the README')
  assert.deepEqual([...documented].filter((code) => !raised.has(code)).sort(), [], 'in the README only')
})
