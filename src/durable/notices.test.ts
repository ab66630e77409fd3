import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Notices } from './notices.ts'

test('what several readers find is news once, until one of them finds it again', () => {
  const notices = new Notices()
  const isNews = (reader: string, message: string) => notices.isNews(reader, { message })
  assert.deepEqual([isNews('a', 'x'), isNews('b', 'x'), isNews('c', 'x')], [true, false, false])
  assert.equal(isNews('a', 'y'), true)
  assert.deepEqual([isNews('b', 'x'), isNews('a', 'x')], [true, false])
})
