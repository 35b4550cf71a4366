/**
 * The rules of `divide.ts` and `levels.ts` in Lua, line by line: change both together, a test compares
 * them. The text is constant, so that a server caches it once.
 *
 * KEYS: the lane's state, its processes by id, their ids by last contact, ids of those whose calls wait by
 * service received. All are in one slot of a cluster.
 */
export const DIVIDE_SCRIPT = `
local LIVE, LATE, LATE_REPORT, MIN_WAIT, MAX_WAIT, AHEAD, PLENTY, OFTEN = 6000, 1000, 500, 25, 2000, 500, 0.5, 470
local WARM, FELT, FREE_PART, EPSILON, LOOK, KEEP, IDLE = 30000, 2000, 0.5, 1e-6, 32, 86400000, 60000
local FIRST, DOUBLING, FIRST_WAIT, MANY, FELT_BY_MANY = 8, 500, 500, 16, 500
local TURN, MAX_CYCLE, TRIED, UNTOLD_PART, VAGUE, FADES = 65, 4000, 10000, 0.25, 0.5, 60000
local BELIEVED, RAISE, AVERAGE, MIN_RATE, CAUTION, MAX_CAUTION, PASSES, FORGOTTEN, BRISK = 120000, 0.5, 10000, 0.05, 0.01, 0.05, 60000, 30000, 750
local max, min, call = math.max, math.min, redis.call
local time = call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local report = cjson.decode(ARGV[1])
local id = report.process
local lateMs = report.at and max(0, now - report.at) or 0
local isLate = lateMs > LATE_REPORT
local renewMs = report.renewMs or 0

local function exact(n) return string.format('%.17g', n) end
local function rateOf(l)
  local rate = l.limit / l.windowMs
  return max(MIN_RATE * rate, rate - max(0, l.foreign))
end
local function roomOf(l)
  local most = l.full < BRISK * rateOf(l) and 0 or UNTOLD_PART * l.full
  return max(0, l.full - l.idle - min(l.held - l.idle, most))
end
local function cycleMs(processes) return min(MAX_CYCLE, TURN * processes) end
local function atMost(l, kept) return min(kept + l.caution * l.full, max(0, l.full - 1)) end
local function keptOf(l) return atMost(l, l.kept) end
local function addToClass(lane, name, weight, sign)
  local sums = lane.classes[name] or { 0, 0 }
  local sum, squares = sums[1] + sign * weight, sums[2] + sign * weight * weight
  lane.classes[name] = sum > 0 and { sum, squares } or nil
end
local function countClasses(lane, p, classes)
  for name, weight in pairs(p.classes or {}) do addToClass(lane, name, weight, -1) end
  for name, weight in pairs(classes) do addToClass(lane, name, weight, 1) end
  p.classes = classes
end
local function weightsOf(lane, p)
  local own, all, once = 0, 0, 0
  for name, weight in pairs(p.classes) do own = own + weight * weight / lane.classes[name][1] end
  for _, sums in pairs(lane.classes) do
    all = all + sums[1]
    once = once + sums[2] / sums[1]
  end
  return own == 0 and report.weight or own * all / once, all
end
local function rests(l, p, name, amount)
  l.rest = max(0, (l.rest or 0) + amount - (p.rest and p.rest[name] or 0))
  p.rest = p.rest or {}
  p.rest[name] = amount
end
local function pends(l, p, name, unanswered)
  local amount = name == 'output_tokens' and unanswered or 0
  l.pending = max(0, (l.pending or 0) + amount - (p.pending and p.pending[name] or 0))
  p.pending = p.pending or {}
  p.pending[name] = amount
end
local function leased(l, p, name)
  return p.voided[name] == l.voided and p.held[name] or 0
end
local function returned(l, p, name)
  local held = leased(l, p, name)
  l.held = l.held - held
  if held > 0 then
    l.unspent = l.unspent - (p.unspent[name] or 0)
    l.idle = l.idle - (p.idle[name] or 0)
  end
  p.held[name] = 0
  p.idle[name] = 0
  p.unspent[name] = 0
  return held
end

-- An older version of this may have written it.
local packed = call('GET', KEYS[1])
local lane = packed and cmsgpack.unpack(packed)
  or { epoch = math.floor(now), since = now, at = now, pauseUntil = 0, circuitUntil = 0, virtual = 0, limits = {} }
lane.wanting = lane.wanting or 0
lane.joined = lane.joined or 0
lane.busy = lane.busy or 0
lane.classes = lane.classes or {}
for _, l in pairs(lane.limits) do l.idle = l.idle or 0 end
local cache = {}
local function processOf(which)
  if not cache[which] then
    local found = call('HGET', KEYS[2], which)
    cache[which] = found and cmsgpack.unpack(found) or nil
    if cache[which] then cache[which].idle = cache[which].idle or {} end
  end
  return cache[which]
end
local function forget(which)
  local gone = processOf(which)
  if gone then
    for name, l in pairs(lane.limits) do
      returned(l, gone, name)
      rests(l, gone, name, 0)
      pends(l, gone, name, 0)
    end
    if gone.active then lane.wanting = lane.wanting - 1 end
    if gone.busy then lane.busy = lane.busy - 1 end
    countClasses(lane, gone, {})
  end
  cache[which] = nil
  call('HDEL', KEYS[2], which)
  call('ZREM', KEYS[3], which)
  call('ZREM', KEYS[4], which)
end

local told, parts = '', ''
local function answer(granted, waitMs)
  local warm = next(lane.limits) ~= nil
  for _, l in pairs(lane.limits) do if now - l.since < WARM then warm = false end end
  local stop = ''
  if lane.stop and lane.stop.till > now then
    stop = cjson.encode({
      reason = lane.stop.reason, outcome = lane.stop.outcome, dimension = lane.stop.dimension, limit = lane.stop.limit,
      forMs = lane.stop.till - now,
    })
  end
  local out = {
    report.serial, lane.epoch, call('ZCARD', KEYS[3]), lane.wanting, exact(waitMs),
    exact(max(0, lane.pauseUntil - now)), exact(lane.since), warm and 1 or 0,
    stop, exact(max(0, lane.circuitUntil - now)), told, exact(now), parts,
  }
  for name, l in pairs(lane.limits) do
    for _, each in ipairs({
      name, exact(l.limit), exact(l.windowMs), exact(l.full), exact(granted[name] or 0), exact(l.free),
      exact(keptOf(l)), exact(l.total), exact(l.unspent), exact(l.held + (l.pending or 0)),
    }) do out[#out + 1] = each end
  end
  return out
end

for _, gone in ipairs(call('ZRANGEBYSCORE', KEYS[3], '-inf', exact(now - LIVE))) do forget(gone) end
if call('ZCARD', KEYS[3]) == 0 then
  for _, l in pairs(lane.limits) do l.held = 0 l.unspent = 0 l.rest = 0 l.pending = 0 l.idle = 0 end
  lane.wanting = 0
  lane.busy = 0
  lane.classes = {}
end
-- An older version of this forgets processes without their classes.
if call('ZCARD', KEYS[4]) == 0 then lane.classes = {} end
local p = processOf(id)
if p and report.serial <= p.serial then return answer({}, 0) end
if renewMs > OFTEN and call('ZCARD', KEYS[4]) > (p and p.waits and 1 or 0) then
  for _, told in ipairs(report.limits) do
    if told.rest then told.want = min(told.want, max(told.need, told.rest)) end
  end
end
if not p then told = lane.learned or '' end

local epoch, pauseUntil, circuitUntil = lane.epoch, lane.pauseUntil, lane.circuitUntil
local elapsed = now - lane.at
if elapsed > 0 then
  lane.at = now
  for _, l in pairs(lane.limits) do
    if elapsed > FORGOTTEN then l.foreign = 0 end
    local room = roomOf(l)
    if l.free < room then
      local come = min(room - l.free, elapsed * rateOf(l))
      l.free = l.free + come
      l.kept = l.kept + l.headroom * come
    end
    l.kept = min(l.kept, l.headroom * l.full > 1 and l.headroom * l.full or 0)
    l.caution = max(0, l.caution - MAX_CAUTION * elapsed / PASSES)
  end
end

if p then
  local most, spent = 0, 0
  for _, told in ipairs(report.limits) do
    local l, before = lane.limits[told.name], p.spent[told.name]
    if l and before then
      most = max(most, leased(l, p, told.name) / l.limit)
      spent = max(spent, (told.spent - before) / l.limit)
    end
  end
  p.tag = max(0, p.tag - (most - spent) / p.weight)
else
  p = { tag = 0, active = false, waits = false, spent = {}, held = {}, unspent = {}, idle = {}, voided = {}, need = {}, want = {} }
  p.weight = report.weight
  lane.joined = lane.joined + 1
  p.place = lane.joined
end
p.serial = report.serial
p.waitsUntil = 0
cache[id] = p
call('ZADD', KEYS[3], exact(now), id)

local function withoutDebt(free, by) return max(min(0, free), free + by) end
local function correct(l, told)
  local sample = told.sample
  if not sample or isLate or told.full ~= l.full then return end
  local seenAt = now - sample.ageMs
  if seenAt <= l.seenAt then return end
  local first, since = l.seenAt == 0, seenAt - l.seenAt
  l.seenAt = seenAt
  local truth = sample.left + rateOf(l) * sample.ageMs - (l.total - sample.total)
  local most, least = truth - sample.unspentLeast, truth - sample.unspentMost
  local room = roomOf(l)
  local off = 0
  if l.free > most then off = l.free - most elseif l.free < least then off = l.free - min(least, room) end
  local by = (off > 0 or first) and -off or -RAISE * off
  l.free = told.name == 'output_tokens' and l.free + by or withoutDebt(l.free, by)
  if first then return end
  if told.name == 'output_tokens' then return end
  local rate = l.limit / l.windowMs
  local taken = max(-rate, min(rate, off / max(1, since)))
  local fades = off == 0 and most - least > VAGUE * l.full and min(1, since / FADES) or 0
  l.foreign = min((1 - MIN_RATE) * rate, max(0, (1 - fades) * l.foreign + taken * min(1, since / AVERAGE)))
end

for _, told in ipairs(report.limits) do
  local l = lane.limits[told.name]
  if not l then
    local others = report.returns and max(1, report.fleet) or 1
    l = {
      limit = told.limit, windowMs = told.windowMs, full = told.full, headroom = told.headroom, since = now,
      free = min(told.full, told.level + told.unanswered) / others,
      total = 0, held = 0, unspent = 0, idle = 0, voided = 0, foreign = 0, caution = 0, seenAt = 0,
      kept = max(0, min(told.level, told.full) - (1 - told.headroom) * told.full),
    }
    lane.limits[told.name] = l
  else
    l.headroom = told.headroom
    if told.changed then l.windowMs = told.windowMs end
    if told.changed and (l.limit ~= told.limit or l.full ~= told.full) then
      if told.full < l.full then
        l.total = l.total - l.held
        l.held = 0
        l.unspent = 0
        l.idle = 0
        l.voided = l.voided + 1
        l.free = min(told.level, told.full)
        l.kept = 0
        lane.epoch = lane.epoch + 1
      elseif l.limit ~= told.limit then
        l.free = l.free + told.full - l.full
      end
      if l.limit ~= told.limit then l.foreign = 0 end
      l.limit = told.limit
      l.full = told.full
    end
    correct(l, told)
  end
  local before = p.spent[told.name]
  p.spent[told.name] = told.spent
  pends(l, p, told.name, told.unanswered)
  local held = returned(l, p, told.name)
  local left = before and held - (told.spent - before) or -told.unanswered
  p.unspent[told.name] = max(0, left)
  l.total = l.total - left
  if report.returns then
    l.free = min(withoutDebt(l.free, left), max(0, told.level - l.held))
  else
    l.free = l.free + left
  end
  l.free = max(l.free, -l.held - l.full)
  if told.refusedAt and not isLate then
    l.free = min(l.free, told.refusedAt)
    l.caution = min(MAX_CAUTION, l.caution + CAUTION)
  end
end

local pausedUntil = now + report.pauseMs - (isLate and lateMs or 0)
if pausedUntil > now and pausedUntil > lane.pauseUntil + MIN_WAIT then
  lane.pauseUntil = pausedUntil
  lane.epoch = lane.epoch + 1
end
if report.circuitMs > 0 then
  lane.circuitUntil = max(lane.circuitUntil, now + report.circuitMs)
elseif report.circuitMs < 0 then
  lane.circuitUntil = 0
end
if report.stop then
  lane.stop = report.stop
  lane.stop.till = now + (report.stop.forMs < 0 and BELIEVED or report.stop.forMs)
elseif report.opens then
  lane.stop = nil
end
if report.learned then lane.learned = report.learned end
if renewMs > OFTEN or cycleMs(lane.wanting) > OFTEN then
  local paused = lane.pauseUntil ~= pauseUntil
  local voids = lane.epoch - epoch > (paused and 1 or 0)
  if paused or voids or report.stop or report.opens or lane.circuitUntil ~= circuitUntil then
    -- Who may not publish is asked twice a second.
    redis.pcall('PUBLISH', KEYS[1], cjson.encode({ pauseMs = paused and lane.pauseUntil - now or 0, voids = voids }))
  end
end
local wants, waits = false, false
if not report.leaves and not isLate then
  for _, told in ipairs(report.limits) do
    if told.want > 0 then wants = true end
    if told.need > 0 then waits = true end
  end
end
waits = wants and waits
local function leastServed()
  return tonumber(call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2])
end
if not p.waits then p.tag = max(p.tag, lane.virtual) end
if wants and not p.active then lane.wanting = lane.wanting + 1 end
if p.active and not wants then lane.wanting = lane.wanting - 1 end
if waits then
  call('ZADD', KEYS[4], exact(p.tag), id)
  lane.virtual = max(lane.virtual, leastServed())
elseif p.waits then
  call('ZREM', KEYS[4], id)
end
p.active = wants
p.waits = waits
countClasses(lane, p, waits and (report.classes or { [tostring(report.weight)] = report.weight }) or {})
local busy = false
for _, told in ipairs(report.limits) do
  if wants and not told.rest then busy = true end
  rests(lane.limits[told.name], p, told.name, told.rest or 0)
end
if busy and not p.busy then lane.busy = lane.busy + 1 end
if p.busy and not busy then lane.busy = lane.busy - 1 end
p.busy = busy

local processes = call('ZCARD', KEYS[3])
local function mostAtOnce(l, felt)
  if processes <= 1 then return math.huge end
  return rateOf(l) * max(felt, now - l.since) - l.held
end
local function isEnding()
  if lane.busy > 0 then return false end
  for _, l in pairs(lane.limits) do if (l.rest or 0) > l.free - atMost(l, 0) then return false end end
  return true
end
local ending = isEnding()
local function keptNow(l) return ending and atMost(l, 0) or keptOf(l) end
local granted, waitMs = {}, 0
if next(lane.limits) == nil then
  waitMs = max(0, min(FIRST_WAIT, lane.since + DOUBLING * math.log((p.place or 1) / FIRST) / math.log(2) - now))
end
if wants and lane.pauseUntil > now then
  waitMs = lane.pauseUntil - now
elseif wants then
  local weight, waitingWeight = weightsOf(lane, p)
  local waiting = call('ZCARD', KEYS[4])
  local equals = min(waiting, waitingWeight / weight)
  local share = waits and max(1, FREE_PART * equals) or lane.wanting
  local first = report.limits[1]
  local slack = max(AHEAD, renewMs) / lane.limits[first.name].windowMs / share / weight
  local lax = slack
  local plenty = true
  for _, told in ipairs(report.limits) do
    local l = lane.limits[told.name]
    if not (l.free - keptNow(l) > PLENTY * l.full) then plenty = false end
  end
  if plenty then lax = math.huge end
  local ahead, all, turns, before, there, isFirst = {}, {}, {}, 0, 0, true
  local cycle = waiting > MANY and cycleMs(waiting) or 0
  local ofEach = cycle / max(1, waiting)
  local ids = call('ZRANGE', KEYS[4], 0, LOOK - 1)
  local missing = {}
  for _, which in ipairs(ids) do if not cache[which] then missing[#missing + 1] = which end end
  if #missing > 0 then
    local found = call('HMGET', KEYS[2], unpack(missing))
    for index, which in ipairs(missing) do if found[index] then cache[which] = cmsgpack.unpack(found[index]) end end
  end
  for _, which in ipairs(ids) do
    local other = cache[which]
    if which == id then isFirst = false end
    if which ~= id and other and not (other.waitsUntil < now and other.tag + lax >= p.tag) then
      there = there + 1
      local goesFirst = isFirst
      if waiting <= MANY then goesFirst = other.tag < p.tag end
      if goesFirst then before = before + 1 end
      local owed = lax == math.huge and 0 or max(0, p.tag - other.tag - lax) * other.weight
      for name, need in pairs(other.need) do
        local l = lane.limits[name]
        local want = other.want[name] or 0
        local due = max(need, min(want, owed * (l and l.limit or 0)))
        local turn = max(due, min(want, l and ofEach * rateOf(l) or 0))
        all[name] = (all[name] or 0) + due
        turns[name] = (turns[name] or 0) + turn
        if goesFirst then ahead[name] = (ahead[name] or 0) + turn end
      end
    end
  end
  local rank = before < LOOK and 0 or call('ZRANK', KEYS[4], id) or 0
  local beyond = max(0, rank - LOOK)
  local more = there == 0 and 1 or 1 + max(0, waiting - LOOK) / LOOK
  local time = waits and cycle / equals or 0
  local among = processes > MANY and max(share, processes) or share
  local turn, isTried = 1, true
  p.weight = weight
  local part, needs = 1, false
  for _, told in ipairs(report.limits) do
    local l = lane.limits[told.name]
    p.need[told.name] = told.need
    p.want[told.name] = told.want
    local usable = l.free - keptNow(l)
    local least = min(told.need, l.full - keptNow(l))
    if told.need > 0 then
      needs = true
      local most = l.held > 0 and processes > MANY and now - l.since < TRIED and mostAtOnce(l, FELT_BY_MANY) or math.huge
      local lacks = least + (ahead[told.name] or 0) * (1 + beyond / LOOK) - min(usable, most)
      if lacks > EPSILON then waitMs = max(waitMs, lacks / rateOf(l)) end
    end
    local extra = told.want - told.need
    if extra > EPSILON then
      local room = min(usable - least - (all[told.name] or 0), mostAtOnce(l, FELT))
      local isFelt = now - l.since >= FELT
      part = min(part, max(0, room / ((isFelt and share or among) * extra)))
      local own = isFelt and min(time * rateOf(l) - told.need, usable - least) or 0
      turn = min(turn, max(0, own / extra))
    end
    if now - l.since < TRIED then isTried = false end
  end
  if waitMs > 0 then
    waitMs = max(MIN_WAIT, min(waitMs, max(MAX_WAIT, renewMs, cycle)))
    p.waitsUntil = now + waitMs + LATE
  else
    local least = leastServed()
    if beyond > 0 or (part < 1 and least and p.tag > least + slack) then part = 0 end
    if waits then part = min(1, isTried and part + turn or max(part, turn)) end
    if ending then
      local last = 1
      for _, told in ipairs(report.limits) do
        local extra = told.want - told.need
        if extra > EPSILON then last = min(last, max(0, (told.rest or 0) - told.need) / extra) end
      end
      part = max(part, last)
    end
    if needs or part > 0 then
      local served = 0
      for _, told in ipairs(report.limits) do
        local l = lane.limits[told.name]
        local amount = min(told.need, l.full - keptNow(l)) + part * (told.want - told.need)
        granted[told.name] = amount
        served = max(served, amount / l.limit)
      end
      p.tag = p.tag + served / weight
      if waits then call('ZADD', KEYS[4], exact(p.tag), id) end
      if needs and part < 1 and waiting > MANY then
        for _, told in ipairs(report.limits) do
          local l, name = lane.limits[told.name], told.name
          local left = told.want - granted[name]
          p.need[name] = min(p.need[name], left)
          p.want[name] = left
          local due = min(left, time * rateOf(l)) + (turns[name] or 0) * more
          waitMs = max(waitMs, (due - (l.free - granted[name] - keptNow(l))) / rateOf(l))
        end
        if waitMs > 0 then
          waitMs = max(MIN_WAIT, min(waitMs, cycle))
          p.waitsUntil = now + waitMs + LATE
        end
      end
    end
  end
end
for _, told in ipairs(report.limits) do
  local l, amount = lane.limits[told.name], granted[told.name] or 0
  l.free = l.free - amount
  l.held = l.held + amount
  l.total = l.total + amount
  p.held[told.name] = amount
  p.voided[told.name] = l.voided
  p.unspent[told.name] = min(p.unspent[told.name] or 0, amount)
  l.unspent = l.unspent + p.unspent[told.name]
  p.idle[told.name] = told.want > amount + EPSILON and 0 or amount
  l.idle = l.idle + p.idle[told.name]
  rests(l, p, told.name, max(0, p.rest[told.name] - amount))
end
local names, partOf = 0, {}
for name, weight in pairs(p.classes) do
  names = names + 1
  partOf[name] = weight / lane.classes[name][1]
end
if names > 1 then parts = cjson.encode(partOf) end
if report.leaves then forget(id) else call('HSET', KEYS[2], id, cmsgpack.pack(p)) end
local stillWait, ended = call('ZCARD', KEYS[4]), lane.ends
lane.ends = stillWait > 0 and isEnding()
for _, l in pairs(lane.limits) do if now - l.since < TRIED then lane.ends = false end end
if lane.ends and not ended and cycleMs(call('ZCARD', KEYS[3])) > OFTEN then
  redis.pcall('PUBLISH', KEYS[1], cjson.encode({ pauseMs = 0, voids = false, ends = true }))
end
call('SET', KEYS[1], cmsgpack.pack(lane), 'PX', KEEP)
for index = 2, 4 do call('PEXPIRE', KEYS[index], IDLE) end
return answer(granted, waitMs)
`;
