import{a as e,i as t,n,r,t as i}from"./status-D68rvDe9.js";import{S as a,T as o,f as s,g as c,h as l,i as u,r as d,t as f,w as p,x as m}from"./define-C3MYW1tG.js";var h=class extends u{static properties={...u.properties,first:{attribute:!1}};#e;isNothing(e){return e===null}watch(e,t){return e.watchCampaign(this.campaign,t,this.first)}createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),this.addEventListener(`totals-change`,this.#t)}disconnectedCallback(){super.disconnectedCallback(),this.removeEventListener(`totals-change`,this.#t)}#t(){if(d())return;this.#e?.cancel();let e={boxShadow:`0 0 0 0.25rem var(--lit)`,borderColor:`var(--totals-glow)`};this.#e=this.querySelector(`article`)?.animate([e,{}],{duration:2400,easing:`ease-out`})}render(){let{campaign:t,words:n}=this,i=this.view?.value,a=i?e(n,i):``;return o`<article>
      <header>
        <h3><a href=${r(`/campaigns/${encodeURIComponent(t)}`)} dir="auto">${i?.title??t}</a></h3>
        ${a?o`<span class="when">${a}</span>`:p}
      </header>
      <campaign-total campaign=${t} details quiet beside></campaign-total>
      <campaign-thermometer campaign=${t} brief></campaign-thermometer>
    </article>`}},g=`/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc`;async function _(e){let t=await fetch(e?`/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(e)}`:g);if(!t.ok)throw Error(`the list of campaigns: ${t.status}`);let n=c(await t.text()),r=l(n)&&l(n.data)?n.data:{},i=(Array.isArray(r.totals)?r.totals.map(s):[]).filter(e=>e!==void 0&&v(e));return typeof r.nextCursor==`string`?{campaigns:i,next:r.nextCursor}:{campaigns:i}}function v({status:e,pledges:t}){return t>0||e?.toUpperCase()!==`DRAFT`}var y=3e3,b=6e4,{words:x,isWall:S}=t(),C=class extends a{static properties={campaigns:{state:!0},next:{state:!0},failed:{state:!0}};createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),S||this.#e()}async#e(){document.hidden||await this.#t(),setTimeout(()=>void this.#e(),this.failed?y:b)}async#t(e){try{let t=await _(e),n=this.campaigns===void 0,r=new Set(this.campaigns?.map(({id:e})=>e));this.campaigns=[...this.campaigns??[],...t.campaigns.filter(({id:e})=>!r.has(e))],(n||e)&&(this.next=t.next),this.failed=!1}catch{this.failed=!0}}render(){return o`<section class="hero">
        <h1 class="eyebrow">${x.say(`raisedTogether`)}</h1>
        <platform-total details ?over=${S}></platform-total>
      </section>
      ${S?p:o`<growth-history></growth-history>${this.#n()}`}
      <footer><live-status></live-status></footer>`}#n(){return o`<section aria-labelledby="campaigns">
      <h2 id="campaigns">${x.say(`campaignList`)}</h2>
      ${this.#r()}
      ${this.next?o`<button class="more" @click=${()=>this.#t(this.next)}>${x.say(`more`)}</button>`:p}
    </section>`}#r(){let{campaigns:e}=this;return e===void 0?this.failed?o`<p class="note">${x.say(`unavailable`)}</p>`:p:e.length===0?o`<p class="note">${x.say(`none`)}</p>`:o`<ul class="cards">
      ${m(e,({id:e})=>e,e=>o`<li><campaign-card .first=${e} campaign=${e.id}></campaign-card></li>`)}
    </ul>`}};f(),customElements.define(`campaign-card`,h),customElements.define(`growth-history`,n),customElements.define(`live-status`,i),customElements.define(`home-page`,C),document.title=x.say(`raisedTogether`);