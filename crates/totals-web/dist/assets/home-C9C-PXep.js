import{a as e,i as t,n,r,t as i}from"./status-CkTvpWGQ.js";import{C as a,D as o,E as s,_ as c,a as l,m as u,n as d,o as f,r as p,v as m,w as h}from"./early-X5UA2s0G.js";var g=class extends f{static properties={...f.properties,first:{attribute:!1}};#e;isNothing(e){return e===null}watch(e,t){return e.watchCampaign(this.campaign,t,this.first)}createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),this.addEventListener(`totals-change`,this.#t)}disconnectedCallback(){super.disconnectedCallback(),this.removeEventListener(`totals-change`,this.#t)}#t(){if(l())return;this.#e?.cancel();let e={boxShadow:`0 0 0 0.25rem var(--lit)`,borderColor:`var(--totals-glow)`};this.#e=this.querySelector(`article`)?.animate([e,{}],{duration:2400,easing:`ease-out`})}render(){let{campaign:t,words:n}=this,i=this.view?.value,a=i?e(n,i):``;return o`<article>
      <header>
        <h3><a href=${r(`/campaigns/${encodeURIComponent(t)}`)} dir="auto">${i?.title??t}</a></h3>
        ${a?o`<span class="when">${a}</span>`:s}
      </header>
      <campaign-total campaign=${t} details quiet beside></campaign-total>
      <campaign-thermometer campaign=${t} brief></campaign-thermometer>
    </article>`}},_=`/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc`;async function v(e){let t=await fetch(e?`/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(e)}`:_);if(!t.ok)throw Error(`the list of campaigns: ${t.status}`);let n=m(await t.text()),r=c(n)&&c(n.data)?n.data:{},i=(Array.isArray(r.totals)?r.totals.map(u):[]).filter(e=>e!==void 0&&y(e));return typeof r.nextCursor==`string`?{campaigns:i,next:r.nextCursor}:{campaigns:i}}function y({status:e,pledges:t}){return t>0||e?.toUpperCase()!==`DRAFT`}var b=3e3,x=6e4,{words:S,isWall:C}=t(),w=class extends h{static properties={campaigns:{state:!0},next:{state:!0},failed:{state:!0}};createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),C||this.#e()}async#e(){document.hidden||await this.#t(),setTimeout(()=>void this.#e(),this.failed?b:x)}async#t(e){try{let t=await v(e),n=this.campaigns===void 0,r=new Set(this.campaigns?.map(({id:e})=>e));this.campaigns=[...this.campaigns??[],...t.campaigns.filter(({id:e})=>!r.has(e))],(n||e)&&(this.next=t.next),this.failed=!1}catch{this.failed=!0}}render(){return o`<section class="hero">
        <h1 class="eyebrow">${S.say(`raisedTogether`)}</h1>
        <platform-total details ?over=${C}></platform-total>
      </section>
      ${C?s:o`<growth-history></growth-history>${this.#n()}`}
      <footer><live-status></live-status></footer>`}#n(){return o`<section aria-labelledby="campaigns">
      <h2 id="campaigns">${S.say(`campaignList`)}</h2>
      ${this.#r()}
      ${this.next?o`<button class="more" @click=${()=>this.#t(this.next)}>${S.say(`more`)}</button>`:s}
    </section>`}#r(){let{campaigns:e}=this;return e===void 0?this.failed?o`<p class="note">${S.say(`unavailable`)}</p>`:s:e.length===0?o`<p class="note">${S.say(`none`)}</p>`:o`<ul class="cards">
      ${a(e,({id:e})=>e,e=>o`<li><campaign-card .first=${e} campaign=${e.id}></campaign-card></li>`)}
    </ul>`}};d(),p(),customElements.define(`campaign-card`,g),customElements.define(`growth-history`,n),customElements.define(`live-status`,i),customElements.define(`home-page`,w),document.title=S.say(`raisedTogether`);