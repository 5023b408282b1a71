-- What the pages use of Quarto beyond Pandoc: cross-references, callouts and tabsets.
-- Runs before citeproc, which would take @fig-x for a citation. https://quarto.org/docs/authoring

local prefixes = { fig = "Figure", tbl = "Table", eq = "Equation", sec = "Section" }
local callouts = { note = true, tip = true, warning = true, caution = true, important = true }
local counts, numbers, tabsets = {}, {}, 0

local function fail(message)
  io.stderr:write(message .. "\n")
  os.exit(4)
end

local function kind_of(id)
  local kind = id:match("^(%a+)%-")
  return prefixes[kind] and kind
end

local function number(id, text)
  if numbers[id] then fail("Expected every label once; got #" .. id .. " twice.") end
  local kind = kind_of(id)
  counts[kind] = (counts[kind] or 0) + 1
  numbers[id] = text or tostring(counts[kind])
  return numbers[id]
end

local function label(id)
  local text = prefixes[kind_of(id)] .. "\u{a0}" .. number(id) .. ": "
  return pandoc.Span(pandoc.Str(text), { class = "caption-label" })
end

local function caption_of(id, blocks)
  local inlines = pandoc.utils.blocks_to_inlines(blocks)
  inlines:insert(1, label(id))
  return { long = { pandoc.Plain(inlines) } }
end

-- A labelled Div holds its table or pictures and, as its last paragraph, the caption.
local function labelled(div)
  local caption = div.content:remove()
  if not caption or caption.t ~= "Para" or #div.content == 0 then
    fail("Expected a caption as the last paragraph of #" .. div.identifier .. "; got none.")
  end
  if kind_of(div.identifier) == "fig" then
    return pandoc.Figure(div.content, caption_of(div.identifier, { caption }), { id = div.identifier })
  end
  local tbl = div.content[1]
  if #div.content ~= 1 or tbl.t ~= "Table" then
    fail("Expected one table and its caption in #" .. div.identifier .. "; got something else.")
  end
  local scroll = pandoc.Div(tbl, { class = "scroll" })   -- a phone scrolls the table and not its caption
  return pandoc.Figure({ scroll }, caption_of(div.identifier, { caption }), { id = div.identifier, class = "table" })
end

local function callout(div, kind)
  local title = div.attributes.title
  if div.content[1] and div.content[1].t == "Header" then
    title = div.content:remove(1).content
  end
  local head = pandoc.Para(title and pandoc.Inlines(title) or { pandoc.Str(kind:gsub("^%l", string.upper)) })
  local body = pandoc.Div(div.content, { class = "box-body" })
  local class = "callout callout-" .. kind
  if div.attributes.collapse == "true" then
    local open = pandoc.RawBlock("html", '<details class="' .. class .. '"><summary>')
    local plain = pandoc.Plain(head.content)
    return { open, plain, pandoc.RawBlock("html", "</summary>"), body, pandoc.RawBlock("html", "</details>") }
  end
  return pandoc.Div({ pandoc.Div(head, { class = "box-title" }), body }, { class = class })
end

-- Tabs without a script: a radio button and its label for each, and CSS shows the panel that follows the checked one.
local function tabset(div)
  tabsets = tabsets + 1
  local out, level, panel, count = pandoc.Blocks({}), nil, nil, 0
  for _, block in ipairs(div.content) do
    level = level or (block.t == "Header" and block.level)
    if block.t == "Header" and block.level == level then
      count = count + 1
      local id = "tab-" .. tabsets .. "-" .. count
      local input = '<input type="radio" id="%s" name="tabset-%d"%s><label for="%s">'
      out:insert(pandoc.RawBlock("html", input:format(id, tabsets, count == 1 and " checked" or "", id)))
      out:insert(pandoc.Plain(block.content))
      out:insert(pandoc.RawBlock("html", "</label>"))
      panel = pandoc.Div({}, { class = "tab-panel" })
      out:insert(panel)
    elseif panel then
      panel.content:insert(block)
    else
      fail("Expected a tabset to begin with a heading; got " .. block.t .. ".")
    end
  end
  return pandoc.Div(out, { class = "tabset" })
end

local function number_div(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if kind and not callouts[kind] then fail("Expected a callout of Quarto's; got callout-" .. kind .. ".") end
    if kind then return callout(div, kind) end
    if class == "panel-tabset" then return tabset(div) end
  end
  local kind = kind_of(div.identifier)
  if kind == "fig" or kind == "tbl" then return labelled(div) end
end

local function number_figure(figure)
  if kind_of(figure.identifier) == "fig" and not numbers[figure.identifier] then
    figure.caption = caption_of(figure.identifier, figure.caption.long)
    return figure
  end
end

local function alternative_text(image)
  image.attributes.alt, image.attributes["fig-alt"] = image.attributes["fig-alt"], nil
  return image
end

-- `$$ ... $$ {#eq-x}` is a formula, a space and a word to Pandoc.
local function number_equations(inlines)
  local out = pandoc.Inlines({})
  for _, inline in ipairs(inlines) do
    local id, rest
    if inline.t == "Str" then id, rest = inline.text:match("^{#(eq%-[%w_%-]+)}(.*)$") end
    if id then
      while #out > 0 and (out[#out].t == "Space" or out[#out].t == "SoftBreak") do out:remove() end
      local formula = out:remove()
      if not formula or formula.t ~= "Math" then fail("Expected a formula before {#" .. id .. "}.") end
      local tag = pandoc.Span(pandoc.Str("(" .. number(id) .. ")"), { class = "equation-number" })
      out:insert(pandoc.Span({ formula, tag }, { id = id, class = "equation" }))
      if rest ~= "" then out:insert(pandoc.Str(rest)) end
    else
      out:insert(inline)
    end
  end
  return out
end

local section = {}
local function number_section(header)
  if header.classes:includes("unnumbered") then return end
  local depth = header.level - 1   -- the page's title is the only heading of level one
  if depth < 1 then fail("Expected headings of level two and deeper; got # " .. pandoc.utils.stringify(header)) end
  section[depth] = (section[depth] or 0) + 1
  for deeper = depth + 1, 6 do section[deeper] = nil end
  local text = {}
  for level = 1, depth do text[level] = tostring(section[level] or 0) end
  if kind_of(header.identifier) == "sec" then number(header.identifier, table.concat(text, ".")) end
  local tag = pandoc.Span(pandoc.Str(table.concat(text, ".")), { class = "section-number" })
  header.content:insert(1, pandoc.Space())
  header.content:insert(1, tag)
  return header
end

local function refer(cite)
  local out, labels = pandoc.Inlines({}), 0
  for position, citation in ipairs(cite.citations) do
    local id = citation.id:gsub("^%u", string.lower)
    local kind = kind_of(id)
    if kind then
      labels = labels + 1
      if not numbers[id] then fail("Expected every cross-reference to have its label; got @" .. id .. ".") end
      local text = kind == "eq" and "(" .. numbers[id] .. ")" or numbers[id]
      if citation.mode ~= "SuppressAuthor" then text = prefixes[kind] .. "\u{a0}" .. text end
      if position > 1 then out:extend({ pandoc.Str(","), pandoc.Space() }) end
      if #citation.prefix > 0 then out:extend(citation.prefix); out:insert(pandoc.Space()) end
      out:insert(pandoc.Link(text, "#" .. id, "", { class = "xref" }))
      out:extend(citation.suffix)
    end
  end
  if labels == 0 then return end
  if labels < #cite.citations then fail("Expected references and citations apart; got both in one bracket.") end
  return out
end

-- The heading that Quarto puts above the references, where the page cites anything.
local function head_references(doc)
  local cites = false
  doc:walk({ Cite = function() cites = true end })
  if not cites then return end
  doc.blocks:insert(pandoc.Header(2, "References", { id = "references", class = "unnumbered" }))
  doc.blocks:insert(pandoc.Div({}, { id = "refs" }))
  return doc
end

return {
  { traverse = "topdown", Div = number_div, Figure = number_figure, Header = number_section, Inlines = number_equations },
  { Cite = refer, Image = alternative_text },
  { Pandoc = head_references },
}
