-- The load: signed partner_solutions webhooks, as Meta sends them, no two alike.
--
-- bench/story.py tells the same story and explains the numbers; they come from there as arguments, after wrk's `--`:
--   1 secret     the app secret
--   2 crypto     libcrypto's file name
--   3 first      the number of the first change; runs are given ranges that do not meet
--   4 changes    changes per POST
--   5 apart      how many changes lie between two of the same solution
--   6 to 9       first solution id, count of ids, factor that scrambles them, the portfolio's id
--   10, 11       first second, changes per second
--   12 to 16     the steps of a solution, each EVENT:STATUS

local ffi = require("ffi")
ffi.cdef [[
typedef struct evp_md_st EVP_MD;
const EVP_MD *EVP_sha256(void);
unsigned char *HMAC(const EVP_MD *md, const void *key, int key_len,
                    const char *data, size_t data_len, unsigned char *out, unsigned int *out_len);
]]

local STEPS = 5
local first_id, ids, scramble, portfolio_id, first_time, changes_per_second
local steps = {}
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
  local block = math.floor(n / (STEPS * apart))
  local step = steps[math.floor(n / apart) % STEPS]
  local solution = (block * apart + n % apart) % ids
  -- Below 2^53, where Lua's numbers are exact: 2^27 solutions times a factor below 2^26.
  local id = first_id + (solution * scramble) % ids
  return '{"field":"partner_solutions","value":{"event":"' .. step.event .. '","solution_id":"'
    .. string.format("%d", id) .. '","solution_status":"' .. step.status .. '"}}'
end

local function body_of(n)
  local told = {}
  for i = 0, changes - 1 do told[i + 1] = change(n + i) end
  local time = first_time + math.floor(n / changes_per_second)
  return '{"entry":[{"changes":[' .. table.concat(told, ",") .. '],"id":"' .. portfolio_id .. '","time":'
    .. string.format("%d", time) .. '}],"object":"whatsapp_business_account"}'
end

local head

function init(args)
  secret, number, changes, apart = args[1], tonumber(args[3]), tonumber(args[4]), tonumber(args[5])
  first_id, ids, scramble, portfolio_id = tonumber(args[6]), tonumber(args[7]), tonumber(args[8]), args[9]
  first_time, changes_per_second = tonumber(args[10]), tonumber(args[11])
  for step = 0, STEPS - 1 do
    local event, status = args[12 + step]:match("^(.+):(.+)$")
    steps[step] = { event = event, status = status }
  end
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
