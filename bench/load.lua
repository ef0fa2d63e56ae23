-- The load: signed partner_solutions webhooks, as Meta sends them, no two alike.
--
-- Arguments, after wrk's `--`:
--   1 secret   the app secret
--   2 crypto   libcrypto's file name
--   3 first    the number of the first change; runs are given ranges that do not meet
--   4 changes  changes per POST
--   5 apart    how many changes lie between two of the same solution

local ffi = require("ffi")
ffi.cdef [[
typedef struct evp_md_st EVP_MD;
const EVP_MD *EVP_sha256(void);
unsigned char *HMAC(const EVP_MD *md, const void *key, int key_len,
                    const char *data, size_t data_len, unsigned char *out, unsigned int *out_len);
]]

-- The same constants as in bench/story.py, where they are explained; a test compares both.
local FIRST_ID = 700000000000000
local IDS = 134217728
local SCRAMBLE = 41473883
local FIRST_TIME = 1739321024
local CHANGES_PER_SECOND = 1000
local STEPS = {
  [0] = { "SOLUTION_CREATED", "INITIATED" },
  [1] = { "SOLUTION_UPDATED", "ACTIVE" },
  [2] = { "SOLUTION_UPDATED", "PENDING_DEACTIVATION" },
}

local crypto, sha256, secret, number, changes, apart
local digest, digest_len = ffi.new("unsigned char[32]"), ffi.new("unsigned int[1]")
local hex = {}
for byte = 0, 255 do hex[byte] = string.format("%02x", byte) end

local function sign(body)
  crypto.HMAC(sha256, secret, #secret, body, #body, digest, digest_len)
  local pairs_of_digits = {}
  for i = 0, 31 do pairs_of_digits[i + 1] = hex[digest[i]] end
  return table.concat(pairs_of_digits)
end

local function change(n)
  local block = math.floor(n / (3 * apart))
  local step = STEPS[math.floor(n / apart) % 3]
  local solution = (block * apart + n % apart) % IDS
  -- Below 2^53, where Lua's numbers are exact: 2^27 solutions times a factor below 2^26.
  local id = FIRST_ID + (solution * SCRAMBLE) % IDS
  return '{"field":"partner_solutions","value":{"event":"' .. step[1] .. '","solution_id":"'
    .. string.format("%d", id) .. '","solution_status":"' .. step[2] .. '"}}'
end

local function body_of(n)
  local told = {}
  for i = 0, changes - 1 do told[i + 1] = change(n + i) end
  local time = FIRST_TIME + math.floor(n / CHANGES_PER_SECOND)
  return '{"entry":[{"changes":[' .. table.concat(told, ",") .. '],"id":"506914307656634","time":'
    .. string.format("%d", time) .. '}],"object":"whatsapp_business_account"}'
end

local head

function init(args)
  secret, number, changes, apart = args[1], tonumber(args[3]), tonumber(args[4]), tonumber(args[5])
  crypto = ffi.load(args[2])
  sha256 = crypto.EVP_sha256()
  head = "POST /webhook HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port .. "\r\nUser-Agent: facebookexternalua\r\n"
    .. "Accept: */*\r\nContent-Type: application/json\r\nX-Hub-Signature-256: sha256="
end

function request()
  local body = body_of(number)
  number = number + changes
  return head .. sign(body) .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency, _)
  local e = summary.errors
  print(string.format(
    'measured {"answers":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,'
      .. '"not_200":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    e.status, e.connect, e.read, e.write, e.timeout))
end
