-- ctxreview as a language server for C#: findings as you type, hover, lenses and actions.
-- :CtxReview, :CtxPrompt, :CtxCheck and :CtxComment take a range. Neovim 0.7 or newer.
local command = '@ctxreview@'

local function show(text)
  vim.cmd('botright new')
  local buffer = vim.api.nvim_get_current_buf()
  vim.bo[buffer].buftype = 'nofile'
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].swapfile = false
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(text, '\n'))
  vim.bo[buffer].filetype = 'markdown'
end

local function ask(client, name, arguments, buffer)
  local params = { command = name, arguments = arguments }
  local function answered(err, result)
    if err then
      vim.notify(err.message, vim.log.levels.ERROR)
    elseif result.text and name ~= 'ctxreview.comment' and not result.copied then
      show(result.text)
    end
  end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request('workspace/executeCommand', params, answered, buffer)
  else
    client.request('workspace/executeCommand', params, answered, buffer)
  end
end

local function client_of(buffer)
  local get = vim.lsp.get_clients or vim.lsp.get_active_clients
  for _, client in pairs(get()) do
    if client.name == 'ctxreview' and vim.lsp.buf_is_attached(buffer, client.id) then
      return client
    end
  end
end

for title, name in pairs({ CtxReview = 'review', CtxPrompt = 'prompt', CtxCheck = 'check', CtxComment = 'comment' }) do
  local full = 'ctxreview.' .. name
  vim.lsp.commands[full] = function(action, context)
    ask(vim.lsp.get_client_by_id(context.client_id), full, action.arguments, context.bufnr)
  end
  vim.api.nvim_create_user_command(title, function(given)
    local buffer = vim.api.nvim_get_current_buf()
    local client = client_of(buffer)
    if not client then
      vim.notify('ctxreview does not serve this buffer.', vim.log.levels.ERROR)
      return
    end
    local range = {
      start = { line = given.line1 - 1, character = 0 },
      ['end'] = { line = given.line2, character = 0 },
    }
    ask(client, full, { vim.uri_from_bufnr(buffer), range }, buffer)
  end, { range = true })
end

local started = {}

vim.api.nvim_create_autocmd('FileType', {
  pattern = 'cs',
  callback = function(event)
    local name = vim.api.nvim_buf_get_name(event.buf)
    if name == '' or vim.bo[event.buf].buftype ~= '' then
      return
    end
    local git = vim.fn.finddir('.git', vim.fn.fnamemodify(name, ':p:h') .. ';')
    local root = git ~= '' and vim.fn.fnamemodify(git, ':p:h:h') or vim.fn.fnamemodify(name, ':p:h')
    local capabilities = vim.lsp.protocol.make_client_capabilities()
    capabilities.window = vim.tbl_extend('force', capabilities.window or {}, { showDocument = { support = false } })
    local config = { name = 'ctxreview', cmd = { command, 'lsp' }, root_dir = root, capabilities = capabilities }
    if vim.lsp.start then
      vim.lsp.start(config, { bufnr = event.buf })
    else
      started[root] = started[root] or vim.lsp.start_client(config)
      vim.lsp.buf_attach_client(event.buf, started[root])
    end
  end,
})
